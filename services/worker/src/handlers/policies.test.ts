import { expect } from 'chai';
import { createEngines } from '@holdfast/engines';
import type { NewPolicy } from '@holdfast/persistence';
import type { JobHandlers } from '@holdfast/shared/contracts';
import { Secret, type Backup, type PolicyRun, type Restore, type ServerPolicy } from '@holdfast/shared/domain';
import { systemClock, systemIds } from '@holdfast/shared/lifecycle';
import { MemoryStore } from '@holdfast/testing/fakes';
import { startPostgres, testDatabase, type TestDatabase, type TestPostgres } from '@holdfast/testing/postgres';
import { openBed, type Bed } from '../testing/bed.ts';
import { createHandlers } from './index.ts';

const context = { jobId: 'job', signal: new AbortController().signal };

describe('a policy of a whole server', () => {
  let service: TestDatabase;
  let source: TestPostgres;
  let bed: Bed;
  let handlers: JobHandlers;
  const store = new MemoryStore();

  before(async () => {
    [service, source] = await Promise.all([testDatabase(), startPostgres()]);
    for (const name of ['crm', 'shop', 'test_1', 'odd "name" & co']) await source.createDatabase(name);
    await source.query('postgres', 'create role leader');
    await source.query(
      'shop',
      'create table orders (id int)',
      'insert into orders values (1), (2)',
      'alter table orders owner to leader',
    );
    await source.query('crm', 'create table people (id int)');
    bed = await openBed(service.url);
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
  });
  after(async () => {
    await bed.close();
    await Promise.all([service.drop(), source.stop()]);
  });

  async function create(change: Partial<NewPolicy> = {}): Promise<ServerPolicy> {
    const made = await bed.persistence.policies.create(bed.database.accountId, {
      name: 'main',
      type: 'postgresql',
      host: source.host,
      port: source.port,
      user: source.user,
      password: new Secret(source.password),
      database: 'postgres',
      options: {},
      destinationId: bed.database.destinationId,
      include: ['*'],
      exclude: ['test_*'],
      globals: true,
      cron: '0 3 * * *',
      timezone: 'UTC',
      jitterSeconds: 0,
      retention: {},
      verification: null,
      enabled: true,
      ...change,
    });
    return made === 'name_taken' ? expect.fail('The name is taken.') : made;
  }

  async function run(policy: ServerPolicy): Promise<PolicyRun> {
    const { policyRuns } = bed.persistence;
    const made = await policyRuns.create({ policyId: policy.id, requestId: null, maxFailures: 1 });
    if (!made || made === 'busy') return expect.fail('No run was made.');
    await handlers['run.begin@1']({ runId: made.id, requestId: null }, context);
    return (await policyRuns.find(made.id)) ?? expect.fail();
  }

  async function backUp({ id }: PolicyRun): Promise<Backup[]> {
    const { policyRuns } = bed.persistence;
    for (const backup of await policyRuns.backupsOf(id)) {
      await handlers['backup.run@1']({ backupId: backup.id, requestId: null }, context);
    }
    return await policyRuns.backupsOf(id);
  }

  async function restore(
    restores: Awaited<ReturnType<Bed['persistence']['policyRuns']['restore']>>,
  ): Promise<Restore[]> {
    if (!Array.isArray(restores)) return expect.fail(`Nothing was restored: ${JSON.stringify(restores)}`);
    for (const { id } of restores) await handlers['restore.run@1']({ restoreId: id, requestId: null }, context);
    return await Promise.all(restores.map(({ id }) => bed.restore(id)));
  }

  const databasesOf = async (server: TestPostgres): Promise<unknown[]> =>
    (await server.query('postgres', 'select datname from pg_database where not datistemplate order by 1')).map(
      ({ datname }) => datname,
    );

  it('backs up what is there at each of its times, the globals once, and goes on where one fails', async () => {
    const policy = await create();
    const first = await run(policy);
    expect(first).to.include({ status: 'done', error: null });
    expect(first.findings).to.deep.include({
      backedUp: ['crm', 'odd "name" & co', 'shop'],
      leftOut: ['postgres', 'test_1'],
      suspicious: null,
    });
    const backups = await backUp(first);
    expect(backups.map(({ status }) => status)).to.deep.equal(['done', 'done', 'done']);
    const files = await bed.persistence.backups.filesOf(backups.map(({ id }) => id));
    expect(files.filter(({ role }) => role === 'globals')).to.have.length(1);

    await source.createDatabase('made yesterday');
    const second = await run(policy);
    expect(second.findings).to.deep.include({ added: ['made yesterday'] });
    // Between the list and its dump.
    await source.query('postgres', 'drop database "made yesterday"');
    const later = await backUp(second);
    expect(later.map(({ status, error }) => [status, error?.code ?? null])).to.deep.equal([
      ['done', null],
      ['error', 'database_missing'],
      ['done', null],
      ['done', null],
    ]);
    expect(await bed.persistence.policyRuns.counts([second.id])).to.deep.equal(
      new Map([[second.id, { scheduled: 0, pending: 0, done: 3, error: 1 }]]),
    );
    const third = await run(policy);
    expect(third.findings).to.deep.include({ vanished: ['made yesterday'], backedUp: first.findings?.backedUp });
    await backUp(third);
    await source.createDatabase('made yesterday');
    expect((await run(policy)).findings).to.deep.include({ returned: ['made yesterday'], vanished: [] });
  });

  it('does not take what Holdfast itself has beside databases for databases', async () => {
    await source.createDatabase('shop_hf_kept_0123456789ab');
    await source.createDatabase('shop_hf_0123456789ab');
    const policy = await create({ name: 'own' });
    const { findings } = await run(policy);
    expect(findings?.backedUp.concat(findings.leftOut).filter((name) => name.includes('_hf_'))).to.deep.equal([]);
  });

  it('says why its server could not be listed', async () => {
    const policy = await create({ name: 'wrong', password: new Secret('not this one') });
    expect(await run(policy)).to.deep.include({ status: 'error', findings: null });
    expect((await run(policy)).error).to.include({ code: 'auth_failed' });
  });

  it('comes back as a whole on a fresh server, roles first, and beside itself', async () => {
    const fresh = await startPostgres();
    const policy = await create({ name: 'together', exclude: ['test_*', 'made yesterday'] });
    const done = await run(policy);
    const backups = await backUp(done);
    const members = await bed.persistence.policies.members(policy.id);
    const nameOf = ({ databaseId }: Backup) => members.find(({ id }) => id === databaseId)?.database ?? '';
    const target = await create({
      name: 'fresh',
      host: fresh.host,
      port: fresh.port,
      user: fresh.user,
      password: new Secret(fresh.password),
    });
    const wanted = {
      accountId: policy.accountId,
      ownership: 'keep',
      requestId: null,
      maxFailures: 1,
      keepHours: 0,
      firstBefore: true,
    } as const;
    const parts = backups.map((backup) => ({
      backupId: backup.id,
      databaseId: backup.databaseId,
      database: nameOf(backup),
      fileIds: null,
      target: { mode: 'in_place' } as const,
    }));
    const restored = await restore(
      await bed.persistence.policyRuns.restore({ ...wanted, intoPolicyId: target.id, parts }),
    );
    expect(restored.map(({ status, error }) => [status, error])).to.deep.equal(backups.map(() => ['done', null]));
    expect(await databasesOf(fresh)).to.deep.equal([...parts.map(({ database }) => database), 'postgres'].toSorted());
    const owners = `select pg_get_userbyid(relowner) as owner from pg_class where relname = 'orders'`;
    expect(await fresh.query('shop', owners)).to.deep.equal([{ owner: 'leader' }]);
    expect(await fresh.query('shop', 'select count(*)::int from orders')).to.deep.equal([{ count: 2 }]);
    await fresh.stop();

    const beside = parts.map((part) => ({
      ...part,
      target: { mode: 'new_database', database: `${part.database} 2` } as const,
    }));
    const made = await restore(
      await bed.persistence.policyRuns.restore({ ...wanted, intoPolicyId: null, parts: beside }),
    );
    expect(made.map(({ status }) => status)).to.deep.equal(backups.map(() => 'done'));
    expect(await databasesOf(source)).to.include.members(['shop', 'shop 2', 'crm 2']);
  });
});
