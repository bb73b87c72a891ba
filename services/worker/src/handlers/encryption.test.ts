import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEngines } from '@holdfast/engines';
import { newBackupKey, recipientOf } from '@holdfast/pipeline';
import { environment } from '@holdfast/shared/config';
import type { JobHandlers } from '@holdfast/shared/contracts';
import { Secret, type Restore } from '@holdfast/shared/domain';
import { systemClock, systemIds } from '@holdfast/shared/lifecycle';
import { fingerprint } from '@holdfast/testing/engines';
import { MemoryStore } from '@holdfast/testing/fakes';
import { testDatabase, type TestDatabase } from '@holdfast/testing/postgres';
import { openBed, type Bed } from '../testing/bed.ts';
import { createHandlers } from './index.ts';

const marker = 'nobody-may-read-this';

interface Pair {
  identity: string;
  recipient: string;
}

async function newPair(): Promise<Pair> {
  const [, identity = ''] = await newBackupKey();
  return { identity, recipient: await recipientOf(new Secret(identity)) };
}

describe('an encrypted backup of a real database', () => {
  let service: TestDatabase;
  let source: TestDatabase;
  let bed: Bed;
  let ours: Pair;
  let offline: Pair;
  let folder: string;
  const store = new MemoryStore();
  const copies: string[] = [];

  const handlersWith = (keys: Record<string, string>): JobHandlers =>
    createHandlers({
      settings: bed.settings({ HOLDFAST_COMPRESSION_LEVEL: '1', ...keys }),
      logger: bed.logger,
      persistence: bed.persistence,
      startConsumers: () => Promise.reject(new Error('not here')),
      engines: createEngines({ clientFolders: [] }),
      openStore: () => store,
      clock: systemClock,
      ids: systemIds,
      workerName: 'worker-1',
      stopping: new AbortController().signal,
    });
  const context = { jobId: 'job', signal: new AbortController().signal };

  /** Made by a service that has public keys alone. */
  const backUp = async (): Promise<string> => {
    const { id } = await bed.newBackup();
    const recipients = { HOLDFAST_BACKUP_RECIPIENTS: `${ours.recipient},${offline.recipient}` };
    await handlersWith(recipients)['backup.run@1']({ backupId: id, requestId: null }, context);
    expect(await bed.backup(id), bed.log()).to.deep.include({
      status: 'done',
      recipients: [ours.recipient, offline.recipient],
    });
    return id;
  };

  const restore = async (backupId: string, database: string, keys: Record<string, string>): Promise<Restore> => {
    const { id } = await bed.newRestore(backupId, { target: { mode: 'new_database', database } });
    copies.push(database);
    await handlersWith(keys)['restore.run@1']({ restoreId: id, requestId: null }, context);
    return await bed.restore(id);
  };

  const printOf = (database: string): Promise<string[]> => fingerprint({ ...source, database });

  const databases = async (): Promise<string[]> =>
    (await source.query('select datname from pg_database')).map((row) => String(row['datname']));

  before(async () => {
    [service, source, ours, offline] = await Promise.all([testDatabase(), testDatabase(), newPair(), newPair()]);
    await source.query(
      'create table orders (id bigint primary key, note text)',
      `insert into orders select i, '${marker}' || md5(i::text) from generate_series(1, 20000) i`,
    );
    const { host, port, user, password, name } = source;
    bed = await openBed(service.url, { host, port, user, password: new Secret(password), database: name });
    folder = mkdtempSync(join(tmpdir(), 'holdfast-encryption-'));
  });
  after(async () => {
    for (const name of copies) await source.query(`drop database if exists "${name}"`);
    await bed.close();
    await Promise.all([service.drop(), source.drop()]);
    rmSync(folder, { recursive: true });
  });

  it('is made with public keys alone, holds no readable row, and comes back with the same content', async () => {
    const id = await backUp();
    const files = await bed.persistence.backups.files(id);
    for (const { key, name } of files) {
      expect(name).to.match(/\.zst\.age$/);
      expect(store.objects.get(key)?.includes(marker), name).to.equal(false);
    }
    const copy = `${source.name}_ours`;
    const restored = await restore(id, copy, { HOLDFAST_BACKUP_IDENTITIES: ours.identity });
    expect(restored, bed.log()).to.include({ status: 'done', error: null });
    expect(await printOf(copy)).to.deep.equal(await printOf(source.name));
  });

  it('comes back by age, zstd and pg_restore, with the key that no server has', async () => {
    const id = await backUp();
    const file = (await bed.persistence.backups.files(id)).find(({ role }) => role === 'dump');
    const copy = `${source.name}_public`;
    copies.push(copy);
    await source.query(`create database "${copy}"`);
    const [archive, key] = [join(folder, 'dump.pgdump.zst.age'), join(folder, 'offline.key')];
    writeFileSync(archive, store.objects.get(file?.key ?? '') ?? '');
    writeFileSync(key, `# from the safe\n${offline.identity}\n`);
    const opened = 'age --decrypt --identity "$KEY" "$ARCHIVE" | zstd --decompress --stdout';
    const { host, port, user, password } = source;
    execFileSync('bash', ['-euo', 'pipefail', '-c', `${opened} | pg_restore --exit-on-error --dbname="$DATABASE"`], {
      env: {
        PATH: environment()['PATH'],
        KEY: key,
        ARCHIVE: archive,
        DATABASE: copy,
        PGHOST: host,
        PGPORT: String(port),
        PGUSER: user,
        PGPASSWORD: password,
      },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    expect(await printOf(copy)).to.deep.equal(await printOf(source.name));
  });

  it('is refused to be restored without its key, before anything is touched', async () => {
    const id = await backUp();
    const stranger = await newPair();
    for (const keys of [{}, { HOLDFAST_BACKUP_IDENTITIES: stranger.identity }]) {
      const before = await databases();
      const restored = await restore(id, `${source.name}_never`, keys);
      expect(restored).to.include({ status: 'error' });
      expect(restored.error).to.include({ code: 'key_missing' });
      expect(restored.error?.message).to.include(ours.recipient).and.include(offline.recipient);
      expect(await databases()).to.deep.equal(before);
    }
    for (const { identity } of [ours, offline, stranger]) expect(bed.log()).to.not.include(identity);
  });
});
