import { expect } from 'chai';
import { Secret, type PolicyRun, type ServerPolicy } from '@holdfast/shared/domain';
import type { NewPolicy, Persistence, RunRestore } from './index.ts';
import { lease, newFile, newSchedule, openWorld, unusedName, type World } from './testing/world.ts';

describe('policies of whole servers', () => {
  let world: World;
  let other: Persistence;

  before(async () => {
    world = await openWorld();
    other = await world.another();
  });
  after(() => world.drop());

  const newPolicy = (change: Partial<NewPolicy> = {}): NewPolicy => ({
    name: unusedName(),
    type: 'postgresql',
    host: 'db.example.com',
    port: 5432,
    user: 'backup',
    password: new Secret('hunter2'),
    database: 'postgres',
    options: {},
    destinationId: world.destination.id,
    include: ['*'],
    exclude: [],
    globals: false,
    cron: '0 3 * * *',
    timezone: 'UTC',
    jitterSeconds: 0,
    retention: { keepLast: 3 },
    verification: null,
    enabled: true,
    ...change,
  });

  async function create(change: Partial<NewPolicy> = {}): Promise<ServerPolicy> {
    const made = await world.policies.create(world.account.id, newPolicy(change));
    return made === 'name_taken' ? expect.fail('The name is taken.') : made;
  }

  /** As if its last time had come so many days ago. */
  const makeDue = (policy: ServerPolicy, days = 0) =>
    world.sql(
      `update holdfast.policies set next_run_at = date_trunc('day', now() - interval '3 hours') + interval '3 hours' - make_interval(days => $2)
       where id = $1`,
      [policy.id, days],
    );

  it('whose time passed with nobody there, or whose run no worker began, raise an alert until that is over', async () => {
    const policy = await create();
    const open = async (): Promise<string | undefined> => {
      await world.alerts.update();
      const alerts = await world.alerts.list(world.account.id, { open: true, limit: 1000 });
      return alerts.find(({ kind, subjectId }) => kind === 'run_overdue' && subjectId === policy.id)?.message;
    };
    const due = (minutes: number) =>
      world.sql(`update holdfast.policies set next_run_at = now() - make_interval(mins => $2) where id = $1`, [
        policy.id,
        minutes,
      ]);
    await due(5);
    expect(await open()).to.equal(undefined);
    await due(16);
    expect(await open())
      .to.contain(policy.name)
      .and.contain('scheduler');
    const runId = await take(policy);
    expect(await open()).to.equal(undefined);
    await world.sql(`update holdfast.policy_runs set run_after = now() - interval '16 minutes' where id = $1`, [runId]);
    expect(await open())
      .to.contain(policy.name)
      .and.contain('worker');
    await settle(policy, runId, ['app']);
    expect(await open()).to.equal(undefined);
  });

  it('give their objectives to those of their databases that have none', async () => {
    const policy = await create({ objectives: { rpoSeconds: 7200 } });
    await settle(policy, await take(policy), ['app', 'own']);
    const objectives = async () => {
      const judged = await world.protection.of(world.account.id);
      return judged
        .filter(({ database }) => database.name.startsWith(`${policy.name}.`))
        .map((one) => [one.objectives.rpoSeconds, one.objectives.source, one.nextSlotAt !== null]);
    };
    const own = (await world.policies.members(policy.id)).find(({ database }) => database === 'own');
    await world.databases.update(world.account.id, own?.id ?? '', { objectives: { rpoSeconds: 60 } });
    expect(await objectives()).to.deep.equal([
      [7200, 'set', true],
      [60, 'set', true],
    ]);
    await world.policies.update(world.account.id, policy.id, { objectives: null });
    expect((await objectives())[0]).to.deep.equal([86_400 + 3600 + 1800, 'schedule', true]);
  });

  async function take(policy: ServerPolicy): Promise<string> {
    await makeDue(policy);
    const taken = (await world.policies.takeDue(100, 3)).find(({ policyId }) => policyId === policy.id);
    return taken?.runId ?? expect.fail('No run was made.');
  }

  async function settle(policy: ServerPolicy, runId: string, names: readonly string[]): Promise<PolicyRun> {
    const run = (await world.policyRuns.claim(runId, lease)) ?? expect.fail('The run was not to be had.');
    const databases = names.map((name) => ({ name, sizeBytes: null }));
    const settled = await world.policyRuns.settle(run.id, run.attempt, { server: policy, databases, maxFailures: 3 });
    expect(settled).to.equal('settled');
    return (await world.policyRuns.find(runId)) ?? expect.fail();
  }

  /** As if everything so far had been of the day before. */
  async function anotherDay(policy: ServerPolicy): Promise<void> {
    await world.sql(
      `update holdfast.policy_runs set scheduled_for = scheduled_for - interval '1 day' where policy_id = $1`,
      [policy.id],
    );
    await world.sql(
      `update holdfast.backups b set scheduled_for = null from holdfast.policy_runs r where r.id = b.run_id and r.policy_id = $1`,
      [policy.id],
    );
    await world.sql(
      `delete from holdfast.slots s using holdfast.schedules c where c.id = s.schedule_id and c.policy_id = $1`,
      [policy.id],
    );
  }

  async function runOf(policy: ServerPolicy, names: readonly string[]): Promise<PolicyRun> {
    await anotherDay(policy);
    return await settle(policy, await take(policy), names);
  }

  const endBackups = (run: PolicyRun) =>
    world.sql(
      `update holdfast.backups set status = 'error', error = '{"code":"internal","message":"x"}', completed_at = now() where run_id = $1`,
      [run.id],
    );

  const alertsOf = async (kind: string) => {
    await world.alerts.update();
    const open = await world.alerts.list(world.account.id, { open: true, limit: 1000 });
    return open.filter((alert) => alert.kind === kind);
  };

  it('make exactly one run of a time with several schedulers', async () => {
    const policy = await create();
    await makeDue(policy);
    const turns = await Promise.all([world, other, world, other].map(({ policies }) => policies.takeDue(100, 3)));
    expect(turns.flat().filter(({ policyId }) => policyId === policy.id)).to.have.length(1);
    expect(await world.policyRuns.listOfPolicy(policy.id, { limit: 10, before: null })).to.have.length(1);
    const { nextRunAt } = (await world.policies.find(policy.id)) ?? expect.fail();
    expect(nextRunAt?.getTime()).to.be.greaterThan(Date.now());
  });

  it('make one run for all times that passed with nobody there', async () => {
    const policy = await create();
    await makeDue(policy, 5);
    const [taken, ...others] = (await world.policies.takeDue(100, 3)).filter(({ policyId }) => policyId === policy.id);
    expect(others).to.deep.equal([]);
    expect(taken).to.include({ missed: 5 });
    const age = Date.now() - (taken?.scheduledFor.getTime() ?? 0);
    expect(age).to.be.within(0, 24 * 3_600_000);
    expect(await world.policies.takeDue(100, 3)).to.deep.equal([]);
  });

  it('make no second run while one is still to look at its server', async () => {
    const policy = await create();
    const first = await take(policy);
    expect(first).to.be.a('string');
    await anotherDay(policy);
    await makeDue(policy);
    const answered = (await world.policies.takeDue(100, 3)).find(({ policyId }) => policyId === policy.id);
    expect(answered).to.include({ runId: null });
    expect(await world.policyRuns.listOfPolicy(policy.id, { limit: 10, before: null })).to.have.length(1);
    expect(await world.policyRuns.create({ policyId: policy.id, requestId: null, maxFailures: 3 })).to.equal('busy');
  });

  it('have each run begun by one worker, and settled by the attempt that holds it alone', async () => {
    const policy = await create();
    const runId = await take(policy);
    const claims = await Promise.all([world, other].map(({ policyRuns }) => policyRuns.claim(runId, lease)));
    expect(claims.filter((claim) => claim !== null)).to.have.length(1);
    const listing = { server: policy, databases: [{ name: 'shop', sizeBytes: 1 }], maxFailures: 3 };
    expect(await world.policyRuns.settle(runId, 2, listing)).to.equal('stale');
    const settled = await Promise.all([world, other].map(({ policyRuns }) => policyRuns.settle(runId, 1, listing)));
    expect(settled).to.have.members(['settled', 'stale']);
    expect(await world.policyRuns.backupsOf(runId)).to.have.length(1);
  });

  it('end a run that is cancelled before it listed its server, and make no backup for it any more', async () => {
    const [waits, lists] = [await create(), await create()];
    const [waiting, listing] = [await take(waits), await take(lists)];
    await world.policyRuns.claim(listing, lease);
    expect(await Promise.all([waiting, listing].map((id) => world.policyRuns.cancel(id)))).to.deep.equal([true, true]);
    const found = { server: lists, databases: [{ name: 'shop', sizeBytes: 1 }], maxFailures: 3 };
    expect(await world.policyRuns.settle(listing, 1, found)).to.equal('stale');
    for (const id of [waiting, listing]) {
      expect(await world.policyRuns.cancel(id)).to.equal(false);
      const run = await world.policyRuns.find(id);
      expect([run?.status, run?.error?.code, run?.findings]).to.deep.equal(['error', 'cancelled', null]);
    }
    expect(await world.policies.members(lists.id)).to.deep.equal([]);
    expect(
      (await alertsOf('run_failed')).filter(({ subjectId }) => [waits.id, lists.id].includes(subjectId)),
    ).to.deep.equal([]);
  });

  it('end with a run that is cancelled all of its backups which wait, ask those that run, and keep what is done', async () => {
    const policy = await create();
    const run = await settle(policy, await take(policy), ['done', 'runs', 'waits']);
    const [done, runs, waits] = await world.policyRuns.backupsOf(run.id);
    await world.backups.claim(done?.id ?? '', lease);
    await world.backups.settle(done?.id ?? '', 1, { files: [], manifestKey: 'x/manifest.json' });
    await world.backups.claim(runs?.id ?? '', lease);
    const cancels = await Promise.all([world, other].map(({ policyRuns }) => policyRuns.cancel(run.id)));
    expect(cancels).to.deep.equal([true, true]);
    const backups = await world.policyRuns.backupsOf(run.id);
    expect(backups.map(({ status, error }) => error?.code ?? status)).to.deep.equal(['done', 'pending', 'cancelled']);
    expect(await world.backups.isCancelRequested(runs?.id ?? '', 1)).to.equal(true);
    const slots = await world.sql<{ status: string }>('select status from holdfast.slots where backup_id = $1', [
      waits?.id ?? '',
    ]);
    expect(slots).to.deep.equal([{ status: 'error' }]);
    const error = { code: 'dump_failed', message: 'x' } as const;
    await world.backups.fail(runs?.id ?? '', 1, { error, retryable: true, retryInSeconds: 0 });
    expect(await world.policyRuns.cancel(run.id)).to.equal(false);
    expect(await world.policyRuns.counts([run.id])).to.deep.equal(
      new Map([[run.id, { scheduled: 0, pending: 0, done: 1, error: 2 }]]),
    );
  });

  it('cover what is on their server at each time: a new database at once, under a schedule of theirs', async () => {
    const policy = await create({ name: 'main', exclude: ['test_*'], globals: true });
    const first = await runOf(policy, ['shop', 'test_1', 'postgres', 'crm', 'holdfast_verify_0123456789ab']);
    expect(first.findings).to.deep.equal({
      listed: 5,
      backedUp: ['crm', 'shop'],
      passedOver: [],
      added: ['crm', 'shop'],
      vanished: [],
      returned: [],
      released: [],
      leftOut: ['holdfast_verify_0123456789ab', 'postgres', 'test_1'],
      suspicious: null,
    });
    const backups = await world.policyRuns.backupsOf(first.id);
    expect(
      backups.map(({ status, method, runId, withGlobals }) => ({ status, method, runId, withGlobals })),
    ).to.deep.equal([
      { status: 'scheduled', method: 'periodic', runId: first.id, withGlobals: true },
      { status: 'scheduled', method: 'periodic', runId: first.id, withGlobals: false },
    ]);
    await endBackups(first);
    const second = await runOf(policy, ['shop', 'crm', 'made yesterday']);
    expect(second.findings).to.deep.include({ added: ['made yesterday'], backedUp: ['crm', 'made yesterday', 'shop'] });
    const database = (await world.databases.findOwned(world.account.id, 'main.made yesterday')) ?? expect.fail();
    expect(database).to.include({
      host: policy.host,
      user: policy.user,
      database: 'made yesterday',
      policyId: policy.id,
    });
    expect(database.password?.reveal()).to.equal('hunter2');
    const [schedule] = await world.schedules.list(database.id);
    expect(schedule).to.deep.include({
      policyId: policy.id,
      retention: { keepLast: 3 },
      enabled: true,
      nextRunAt: null,
    });
    await world.schedules.planMissing(1000);
    expect((await world.schedules.slots(schedule?.id ?? '', { limit: 10, before: null })).planned).to.deep.equal([]);
  });

  it('ask once about a database that is gone, and cover it again when it is back', async () => {
    const policy = await create();
    await endBackups(await runOf(policy, ['a', 'b', 'c']));
    const gone = await runOf(policy, ['a', 'b']);
    expect(gone.findings).to.deep.include({ vanished: ['c'], backedUp: ['a', 'b'], suspicious: null });
    await endBackups(gone);
    const again = await runOf(policy, ['a', 'b']);
    expect(again.findings).to.deep.include({ vanished: [] });
    await endBackups(again);
    const member = (await world.policies.members(policy.id)).find(({ database }) => database === 'c') ?? expect.fail();
    const ofC = async (kind: string) => (await alertsOf(kind)).filter(({ subjectId }) => subjectId === member.id);
    expect(await ofC('database_vanished')).to.have.length(1);
    expect(await ofC('backup_failed')).to.deep.equal([]);
    await world.policies.answerVanished(policy.id, member.id, false);
    expect(await ofC('database_vanished')).to.have.length(1);
    await world.policies.answerVanished(policy.id, member.id, true);
    expect(await ofC('database_vanished')).to.deep.equal([]);
    const back = await runOf(policy, ['a', 'b', 'c']);
    expect(back.findings).to.deep.include({ returned: ['c'], added: [], backedUp: ['a', 'b', 'c'] });
    expect(await world.policies.answerVanished(policy.id, member.id, true)).to.equal(null);
  });

  it('believe no list loudly that lacks most of what they know, and delete nothing for it', async () => {
    const policy = await create();
    await endBackups(await runOf(policy, ['a', 'b', 'c']));
    const empty = await runOf(policy, []);
    expect(empty.findings?.suspicious).to.contain('no database at all');
    const ofPolicy = async () => (await alertsOf('run_suspicious')).filter(({ subjectId }) => subjectId === policy.id);
    expect(await ofPolicy()).to.have.length(1);
    expect(await world.policies.members(policy.id)).to.have.length(3);
    await runOf(policy, ['a', 'b', 'c']);
    expect(await ofPolicy()).to.deep.equal([]);
  });

  it('say loudly that a list failed', async () => {
    const policy = await create();
    const runId = await take(policy);
    await world.policyRuns.claim(runId, lease);
    const error = { code: 'auth_failed', message: 'The password is wrong.' } as const;
    await world.policyRuns.fail(runId, 1, { error, retryable: false, retryInSeconds: 0 });
    const found = (await alertsOf('run_failed')).find(({ subjectId }) => subjectId === policy.id);
    expect(found?.message).to.contain('The password is wrong.');
  });

  it('say that a run waits for a worker that knows their kind of server, once for each of them', async () => {
    const policy = await create();
    const failed = await take(policy);
    await world.policyRuns.claim(failed, lease);
    const error = { code: 'auth_failed', message: 'The password is wrong.' } as const;
    await world.policyRuns.fail(failed, 1, { error, retryable: false, retryInSeconds: 0 });
    await world.sql(`update holdfast.policies set type = 'oracle' where id = $1`, [policy.id]);
    const made = await world.policyRuns.create({ policyId: policy.id, requestId: null, maxFailures: 3 });
    const waiting = made && made !== 'busy' ? made.id : expect.fail('No run was made.');
    expect(await world.policyRuns.setAside(waiting, ['postgresql'])).to.equal('oracle');
    await world.sql(`update holdfast.policy_runs set created_at = now() - interval '15 minutes' where id = $1`, [
      waiting,
    ]);
    const found = (await alertsOf('run_failed')).filter(({ subjectId }) => subjectId === policy.id);
    expect(found.map(({ message }) => message.includes('do not know servers of the kind "oracle"'))).to.deep.equal([
      true,
    ]);
    expect(await world.policies.delete(world.account.id, policy.id)).to.equal(true);
  });

  it('pass over a database of which a backup still runs, and say so', async () => {
    const policy = await create();
    await runOf(policy, ['a']);
    const next = await runOf(policy, ['a', '-b']);
    expect(next.findings).to.deep.include({ backedUp: [] });
    expect(next.findings?.passedOver.map(({ database }) => database)).to.deep.equal(['-b', 'a']);
    expect(await world.policyRuns.backupsOf(next.id)).to.deep.equal([]);
  });

  it('begin anew where the policy came to lead to another server meanwhile', async () => {
    const policy = await create();
    const runId = await take(policy);
    await world.policyRuns.claim(runId, lease);
    await world.policies.update(world.account.id, policy.id, { host: 'other.example.com' });
    const listing = { server: policy, databases: [{ name: 'shop', sizeBytes: 1 }], maxFailures: 3 };
    expect(await world.policyRuns.settle(runId, 1, listing)).to.equal('changed');
    expect(await world.policyRuns.find(runId)).to.include({ status: 'scheduled', failures: 0, attempt: 1 });
    expect(await world.policies.members(policy.id)).to.deep.equal([]);
  });

  it('tell all that they cover when they are changed', async () => {
    const policy = await create();
    await runOf(policy, ['a']);
    const [member] = await world.policies.members(policy.id);
    const password = new Secret('changed');
    await world.policies.update(world.account.id, policy.id, {
      host: 'other.example.com',
      password,
      cron: '0 5 * * *',
      retention: {},
      enabled: false,
    });
    const database = (await world.databases.find(member?.id ?? '')) ?? expect.fail();
    expect([database.host, database.password?.reveal()]).to.deep.equal(['other.example.com', 'changed']);
    expect((await world.schedules.list(database.id))[0]).to.deep.include({
      cron: '0 5 * * *',
      retention: {},
      enabled: false,
    });
    expect(await world.policies.find(policy.id)).to.include({ nextRunAt: null });
  });

  it('let go what their patterns leave out, and everything when they are deleted: by itself, switched off, with its backups', async () => {
    const policy = await create({ name: 'let go' });
    await endBackups(await runOf(policy, ['a', 'b']));
    await world.policies.update(world.account.id, policy.id, { exclude: ['b'] });
    const run = await runOf(policy, ['a', 'b']);
    expect(run.findings).to.deep.include({ released: ['b'], leftOut: ['b'], vanished: [], backedUp: ['a'] });
    await endBackups(run);
    expect(await world.policies.delete(world.account.id, policy.id)).to.equal(true);
    for (const name of ['let go.a', 'let go.b']) {
      const database = (await world.databases.findOwned(world.account.id, name)) ?? expect.fail();
      expect(database).to.include({ policyId: null });
      expect((await world.schedules.list(database.id))[0]).to.deep.include({
        policyId: null,
        enabled: false,
        retention: { keepLast: 3 },
      });
      expect(await world.backups.listOfDatabase(database.id)).to.have.length.greaterThan(0);
    }
    const anew = await create({ name: 'let go' });
    expect((await runOf(anew, ['a'])).findings).to.deep.include({ added: ['a'] });
    const [member] = await world.policies.members(anew.id);
    expect(member?.name).to.equal('let go.a');
    expect(await world.backups.listOfDatabase(member?.id ?? '')).to.have.length(3);
  });

  it('take over what came from an import under their name, with its backups', async () => {
    const imported = await world.newDatabase();
    await world.newBackup(imported);
    await world.sql(
      `update holdfast.databases set name = 'lost.app', host = null, port = null, "user" = null where id = $1`,
      [imported.id],
    );
    const policy = await create({ name: 'lost' });
    expect((await runOf(policy, ['app'])).findings).to.deep.include({ added: ['app'] });
    expect(await world.databases.find(imported.id)).to.include({ policyId: policy.id, host: policy.host });
  });

  it('keep the destination that they store into from being deleted', async () => {
    const local = { label: 'of a policy', type: 'local', settings: { path: 'of-a-policy' } } as const;
    const { id: destinationId } = await world.destinations.create(world.account.id, local);
    await create({ destinationId });
    expect(await world.destinations.delete(world.account.id, destinationId)).to.include({ policies: 1 });
  });

  it('take over no database that only has the name', async () => {
    const { id: strangerId } = await world.newDatabase();
    await world.sql(`update holdfast.databases set name = 'mine.app', host = 'elsewhere.example.com' where id = $1`, [
      strangerId,
    ]);
    const policy = await create({ name: 'mine' });
    await runOf(policy, ['app']);
    expect((await world.policies.members(policy.id)).map(({ id, name }) => [id === strangerId, name])).to.deep.equal([
      [false, 'mine.app (2)'],
    ]);
  });

  it('deadlock neither with the deletion of a database that they cover nor with its own schedules', async () => {
    const policy = await create();
    const first = await runOf(policy, ['a', 'b']);
    await endBackups(first);
    const [member] = await world.policies.members(policy.id);
    await world.schedules.create(world.account.id, { ...newSchedule(member?.id ?? ''), cron: '* * * * * *' });
    await world.sql(`update holdfast.slots set run_at = scheduled_for where status = 'planned'`);
    for (let round = 0; round < 3; round += 1) {
      const run = await take(policy).catch(() => null);
      const attempt = run === null ? null : await world.policyRuns.claim(run, lease);
      await Promise.all([
        attempt &&
          world.policyRuns.settle(attempt.id, attempt.attempt, {
            server: policy,
            databases: [{ name: 'a', sizeBytes: 1 }],
            maxFailures: 3,
          }),
        other.schedules.takeDue(10, 3),
        other.databases.delete(world.account.id, member?.id ?? ''),
        other.policies.update(world.account.id, policy.id, { retention: { keepLast: round + 1 } }),
      ]);
      await anotherDay(policy);
    }
  });

  describe('restored together', () => {
    async function doneRun(policy: ServerPolicy, names: readonly string[]): Promise<PolicyRun> {
      const run = await runOf(policy, names);
      for (const { id } of await world.policyRuns.backupsOf(run.id)) {
        const claimed = (await world.backups.claim(id, lease)) ?? expect.fail('The backup was not to be had.');
        await world.backups.settle(id, claimed.attempt, { files: [newFile(id)], manifestKey: 'manifest.json' });
      }
      return run;
    }

    async function wanted(run: PolicyRun, intoPolicyId: string | null = null): Promise<RunRestore> {
      const backups = await world.policyRuns.backupsOf(run.id);
      const members = await world.policies.members(run.policyId);
      return {
        accountId: world.account.id,
        intoPolicyId,
        ownership: 'keep',
        requestId: null,
        maxFailures: 3,
        firstBefore: true,
        parts: backups.map(({ id, databaseId }) => ({
          backupId: id,
          databaseId,
          database: members.find((member) => member.id === databaseId)?.database ?? '',
          target: { mode: 'in_place' },
          fileIds: null,
        })),
      };
    }

    it('begin with the first, and go on with the others whatever came of it', async () => {
      const run = await doneRun(await create(), ['a', 'b', 'c']);
      const made = await world.policyRuns.restore(await wanted(run));
      if (!Array.isArray(made)) return expect.fail();
      const [first, second, third] = made.map(({ id }) => id);
      expect(made.map(({ afterRestoreId }) => afterRestoreId)).to.deep.equal([null, first, first]);
      expect(await world.restores.claim(second ?? '', lease)).to.equal(null);
      expect((await world.restores.takeDue(10, 60)).map(({ id }) => id)).to.deep.equal([first]);
      expect(await world.restores.claim(first ?? '', lease)).to.not.equal(null);
      expect(await world.restores.claim(second ?? '', lease)).to.equal(null);
      const error = { code: 'restore_failed', message: 'x' } as const;
      await world.restores.fail(first ?? '', 1, { error, retryable: false, retryInSeconds: 0 });
      expect(await world.restores.claim(second ?? '', lease)).to.not.equal(null);
      expect(await world.restores.claim(third ?? '', lease)).to.not.equal(null);
      expect(await world.policyRuns.restoresOf(run.id)).to.have.length(3);
    });

    it('are all made or none, and once for one group', async () => {
      const run = await doneRun(await create(), ['a', 'b']);
      const asked = await wanted(run);
      for (const part of asked.parts.slice(1))
        await world.restores.create({ ...part, ownership: 'keep', requestId: null, maxFailures: 3 });
      expect(await world.policyRuns.restore(asked)).to.deep.equal({ busy: 'b' });
      expect(await world.policyRuns.restoresOf(run.id)).to.deep.equal([]);
      const beside = {
        ...asked,
        groupId: '0199c0de-0000-7000-8000-000000000001',
        parts: asked.parts.map((one) => ({
          ...one,
          target: { mode: 'new_database', database: `${one.database}_2` } as const,
        })),
      };
      const once = await world.policyRuns.restore(beside);
      expect(once).to.have.length(2);
      expect(await world.policyRuns.restore(beside)).to.deep.equal(once);
    });

    it('register on another server what that does not know yet', async () => {
      const run = await doneRun(await create(), ['a', 'b']);
      const target = await create({ name: 'fresh', host: 'fresh.example.com' });
      const made = await world.policyRuns.restore(await wanted(run, target.id));
      if (!Array.isArray(made)) return expect.fail();
      const members = await world.policies.members(target.id);
      expect(members.map(({ name }) => name)).to.deep.equal(['fresh.a', 'fresh.b']);
      expect(made.map(({ databaseId }) => databaseId)).to.deep.equal(members.map(({ id }) => id));
    });
  });
});
