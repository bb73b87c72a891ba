import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { createEngines } from '@holdfast/engines';
import type { JobHandlers } from '@holdfast/shared/contracts';
import { systemClock, systemIds } from '@holdfast/shared/lifecycle';
import { MemoryStore } from '@holdfast/testing/fakes';
import { testDatabase, type TestDatabase } from '@holdfast/testing/postgres';
import { expect } from 'chai';
import { openBed, type Bed } from '../testing/bed.ts';
import { createHandlers } from './index.ts';

const context = { jobId: 'job', signal: new AbortController().signal };
const nowhere = { host: null, port: null, user: null, password: null };

describe('databases that are paths', () => {
  let service: TestDatabase;
  let folder: string;
  let bed: Bed | null = null;

  beforeEach(async () => {
    service = await testDatabase();
    folder = mkdtempSync(join(tmpdir(), 'holdfast-paths-'));
  });
  afterEach(async () => {
    await bed?.close();
    await service.drop();
    rmSync(folder, { recursive: true });
  });

  function worker({ persistence, logger, settings }: Bed): JobHandlers {
    const store = new MemoryStore();
    return createHandlers({
      settings: settings(),
      logger,
      persistence,
      startConsumers: () => Promise.reject(new Error('not here')),
      engines: createEngines({ clientFolders: [], fileRoots: [folder] }),
      openStore: () => store,
      clock: systemClock,
      ids: systemIds,
      workerName: 'worker-1',
      stopping: new AbortController().signal,
    });
  }

  /** Backs up, changes, restores, and verifies in a scratch database. */
  async function roundTrip(type: 'sqlite' | 'files', path: string, change: () => void): Promise<void> {
    bed = await openBed(service.url, { ...nowhere, name: 'it', type, database: path });
    const handlers = worker(bed);
    const { id: backupId } = await bed.newBackup();
    await handlers['backup.run@1']({ backupId, requestId: null }, context);
    expect(await bed.backup(backupId)).to.include({ status: 'done' });
    const wanted = {
      scratchDatabaseId: null,
      cause: 'manual',
      level: 'identical',
      requestId: 'r',
      maxFailures: 3,
    } as const;
    const verification = await bed.persistence.verifications.create({ backupId, ...wanted });
    if (verification === null || typeof verification === 'string') throw new Error(`No verification: ${verification}.`);
    await handlers['verification.run@1']({ verificationId: verification.id, requestId: null }, context);
    expect(await bed.persistence.verifications.find(verification.id)).to.include({
      status: 'done',
      reached: 'identical',
    });
    expect(readdirSync(folder)).to.deep.equal(['it']);
    change();
    const { id: restoreId } = await bed.newRestore(backupId, { keepHours: 1 });
    await handlers['restore.run@1']({ restoreId, requestId: null }, context);
    const restored = await bed.restore(restoreId);
    expect(restored.error).to.equal(null);
    expect(restored.former).to.contain(`${path}.holdfast-kept-`);
  }

  it('are backed up, proven identical beside their path, and restored: a file of SQLite, with its warnings', async () => {
    const path = join(folder, 'it');
    const database = new DatabaseSync(path);
    database.exec(`pragma foreign_keys = off; create table t (id integer primary key, of int references t);
      insert into t values (1, null), (2, 7)`);
    await roundTrip('sqlite', path, () => database.exec('delete from t'));
    expect(database.prepare('select count(*) as n from t').get()?.['n']).to.equal(2);
    database.close();
    const rows = await service.query('select warnings from holdfast.backups');
    expect(rows).to.deep.equal([{ warnings: ['Rows that a foreign key leads to are not there: 1, of "t".'] }]);
  });

  it('are backed up, proven identical beside their path, and restored: a directory', async () => {
    const path = join(folder, 'it');
    mkdirSync(join(path, 'deep'), { recursive: true });
    writeFileSync(join(path, 'deep/a'), 'content');
    await roundTrip('files', path, () => writeFileSync(join(path, 'deep/a'), 'changed'));
    expect(readFileSync(join(path, 'deep/a'), 'utf8')).to.equal('content');
  });
});
