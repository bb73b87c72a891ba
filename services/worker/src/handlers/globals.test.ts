import { expect } from 'chai';
import { createHash } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { zstdDecompressSync } from 'node:zlib';
import { createEngines } from '@holdfast/engines';
import type { JobHandlers } from '@holdfast/shared/contracts';
import { Secret, type BackupFile, type Database, type OwnershipMode, type Restore } from '@holdfast/shared/domain';
import { systemClock, systemIds } from '@holdfast/shared/lifecycle';
import { fillRoles, connectionTo, rolesOf } from '@holdfast/testing/engines';
import { MemoryStore } from '@holdfast/testing/fakes';
import { startPostgres, testDatabase, type TestDatabase, type TestPostgres } from '@holdfast/testing/postgres';
import { openBed, type Bed } from '../testing/bed.ts';
import { createHandlers } from './index.ts';

const database = 'shop';
const owners = `select relname, pg_get_userbyid(relowner) as owner from pg_class where relname = 'orders'`;

describe("a backup of a database with its server's globals", () => {
  let service: TestDatabase;
  let source: TestPostgres;
  let bed: Bed;
  let handlers: JobHandlers;
  let backupId: string;
  let files: BackupFile[];
  const store = new MemoryStore();
  const context = { jobId: 'job', signal: new AbortController().signal };

  before(async () => {
    [service, source] = await Promise.all([testDatabase(), startPostgres()]);
    await source.createDatabase(database);
    await fillRoles(connectionTo(source, database));
    await source.query(
      database,
      'create table orders (id int primary key)',
      'insert into orders select generate_series(1, 500)',
      'alter table orders owner to leader',
      'grant select on orders to team',
    );
    bed = await openBed(service.url, { ...reached(source), options: { globals: true } });
    handlers = createHandlers({
      settings: bed.settings(),
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
    ({ id: backupId } = await bed.newBackup());
    await handlers['backup.run@1']({ backupId, requestId: null }, context);
    files = await bed.persistence.backups.files(backupId);
  });
  after(async () => {
    await bed.close();
    await Promise.all([service.drop(), source.stop()]);
  });

  const reached = ({ host, port, user, password }: TestPostgres) => ({
    host,
    port,
    user,
    password: new Secret(password),
    database,
  });

  const fileOf = (role: BackupFile['role']): BackupFile => {
    const file = files.find((candidate) => candidate.role === role);
    return file ?? expect.fail(`The backup has no ${role}.`);
  };

  interface Fresh {
    server: TestPostgres;
    registered: Database;
  }

  /** A new server, registered with the same account. */
  async function fresh(): Promise<Fresh> {
    const server = await startPostgres();
    const { accountId, destinationId } = bed.database;
    const wanted = {
      name: `copy ${server.port}`,
      type: 'postgresql',
      ...reached(server),
      options: {},
      destinationId,
    } as const;
    const registered = await bed.persistence.databases.create(accountId, wanted);
    return registered === 'name_taken' ? expect.fail('The name is taken.') : { server, registered };
  }

  async function restore(
    { registered }: Fresh,
    ownership: OwnershipMode,
    roles: readonly BackupFile['role'][] | null,
  ): Promise<Restore> {
    const row = await bed.persistence.restores.create({
      backupId,
      databaseId: registered.id,
      target: { mode: 'in_place' },
      ownership,
      fileIds: roles && roles.map((role) => fileOf(role).id),
      requestId: null,
      maxFailures: 1,
    });
    if (row === null || typeof row === 'string') return expect.fail(`The restore was not accepted: ${row}`);
    await handlers['restore.run@1']({ restoreId: row.id, requestId: null }, context);
    return bed.restore(row.id);
  }

  const databasesOf = async ({ server }: Fresh): Promise<unknown[]> => {
    const rows = await server.query('postgres', `select datname from pg_database where not datistemplate`);
    return rows.map(({ datname }) => datname);
  };

  it('is done with all files, whose checksums are those of what is stored', async () => {
    expect(await bed.backup(backupId)).to.include({ status: 'done', attempt: 1 });
    expect(files.map(({ role, name }) => `${role} ${name}`)).to.have.members([
      'dump dump.pgdump.zst',
      'globals globals.sql.zst',
      'content content.json.zst',
    ]);
    for (const { key, size, checksum, plainSize, plainSha256 } of files) {
      const stored = await buffer(await store.get(key, context));
      const plain = zstdDecompressSync(stored);
      const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
      expect({ size, checksum, plainSize, plainSha256 }).to.deep.equal({
        size: stored.length,
        checksum: `sha256:${sha256(stored)}`,
        plainSize: plain.length,
        plainSha256: sha256(plain),
      });
    }
  });

  it('restores only the globals, and touches no database', async () => {
    const target = await fresh();
    const before = await databasesOf(target);
    const row = await restore(target, 'keep', ['globals']);
    expect(row).to.include({ status: 'done', error: null });
    expect(row.outcome).to.contain('created').and.contain('Database "shop" was not touched.');
    expect(await rolesOf(connectionTo(target.server, 'postgres'))).to.deep.equal(
      await rolesOf(connectionTo(source, 'postgres')),
    );
    expect(await databasesOf(target)).to.deep.equal(before);
    await target.server.stop();
  });

  it('restores only the dump, and makes no role', async () => {
    const target = await fresh();
    const row = await restore(target, 'skip', ['dump']);
    expect(row).to.include({ status: 'done', error: null });
    expect(await rolesOf(connectionTo(target.server, 'postgres'))).to.deep.equal([]);
    expect(await target.server.query(database, 'select count(*)::int from orders')).to.deep.equal([{ count: 500 }]);
    const withOwners = await restore(target, 'keep', ['dump']);
    expect(withOwners).to.include({ status: 'error' });
    expect(withOwners.error?.message).to.contain('role "leader" does not exist');
    await target.server.stop();
  });

  it('restores both onto a fresh server, owners and privileges with them', async () => {
    const target = await fresh();
    const row = await restore(target, 'keep', null);
    expect(row).to.include({ status: 'done', error: null });
    expect(row.outcome).to.match(/^Roles: \d+ created.*Database "shop"/);
    expect(await target.server.query(database, owners)).to.deep.equal([{ relname: 'orders', owner: 'leader' }]);
    expect(
      await target.server.query(database, `select has_table_privilege('team', 'orders', 'select') as may`),
    ).to.deep.equal([{ may: true }]);
    expect(await rolesOf(connectionTo(target.server, 'postgres'))).to.deep.equal(
      await rolesOf(connectionTo(source, 'postgres')),
    );
    await target.server.stop();
  });

  it('never changes roles of a live server by a restore beside that gives everything to the connecting user', async () => {
    await source.query('postgres', 'alter role all_on nosuperuser nologin', 'revoke pg_monitor from team');
    const before = await rolesOf(connectionTo(source, 'postgres'));
    const beside = { target: { mode: 'new_database', database: 'beside' }, ownership: 'skip' } as const;
    const row = await bed.newRestore(backupId, beside);
    await handlers['restore.run@1']({ restoreId: row.id, requestId: null }, context);
    expect(await bed.restore(row.id)).to.include({ status: 'done', error: null });
    expect(await rolesOf(connectionTo(source, 'postgres'))).to.deep.equal(before);
    await source.query('postgres', 'alter role all_on superuser login', 'grant pg_monitor to team');
  });
});
