import { expect } from 'chai';
import type { PolicyRun, ServerPolicy } from '@holdfast/shared/domain';
import { openApi, type Answer, type Tenant, type TestApi } from '../../harness.test.ts';

const lease = { worker: 'test', seconds: 60 };
const password = 'pässword-of-a-whole-server';

describe('policies of whole servers over HTTP', () => {
  let api: TestApi;
  let tenant: Tenant;
  let names = 0;

  before(async () => {
    api = await openApi({ HOLDFAST_ALLOWED_NETWORKS: '127.0.0.0/8' });
    tenant = await api.tenant('policies');
  });
  after(() => api.stop());

  const ask = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> =>
    api.request(method, `/api/server-policies${path}`, { token: tenant.token, body, headers });

  const fields = (change: Record<string, unknown> = {}) => ({
    server_policy: {
      name: `server ${(names += 1)}`,
      type: 'postgresql',
      host: 'db.example.com',
      user: 'backup',
      password,
      cron: '0 3 * * *',
      ...change,
    },
  });

  async function create(change: Record<string, unknown> = {}): Promise<ServerPolicy> {
    const { status, text, json } = await ask('POST', '', fields(change));
    expect(status, text).to.equal(201);
    const { id } = json['server_policy'] as { id: string };
    return (await api.deps.persistence.policies.find(id)) ?? expect.fail();
  }

  /** A run that has listed its server. */
  async function runOf(policy: ServerPolicy, databases: readonly string[]): Promise<PolicyRun> {
    const { policyRuns } = api.deps.persistence;
    const made = await policyRuns.create({ policyId: policy.id, requestId: null, maxFailures: 1 });
    if (!made || made === 'busy') return expect.fail('No run was made.');
    await policyRuns.claim(made.id, lease);
    const listing = { server: policy, databases: databases.map((name) => ({ name, sizeBytes: 1 })), maxFailures: 1 };
    expect(await policyRuns.settle(made.id, 1, listing)).to.equal('settled');
    return (await policyRuns.find(made.id)) ?? expect.fail();
  }

  /** Ends the backups of a run, all but those of `but` well. */
  async function endBackups(run: PolicyRun, but: readonly string[] = []): Promise<void> {
    const { policyRuns, backups, policies } = api.deps.persistence;
    const members = await policies.members(run.policyId);
    for (const { id, databaseId } of await policyRuns.backupsOf(run.id)) {
      const claimed = (await backups.claim(id, lease)) ?? expect.fail();
      const database = members.find((member) => member.id === databaseId)?.database ?? '';
      const error = { code: 'dump_failed', message: 'x' } as const;
      if (but.includes(database))
        await backups.fail(id, claimed.attempt, { error, retryable: false, retryInSeconds: 0 });
      else await backups.settle(id, claimed.attempt, { files: [], manifestKey: `${id}/manifest.json` });
    }
  }

  it('are made with what is usual for their kind of server, and never show their password', async () => {
    const { status, text, json } = await ask(
      'POST',
      '',
      fields({ name: 'main', globals: true, retention: { keep_last: 3 } }),
    );
    expect(status).to.equal(201);
    expect(json['server_policy']).to.deep.include({
      name: 'main',
      port: 5432,
      database: 'postgres',
      include: ['*'],
      exclude: [],
      globals: true,
      timezone: 'UTC',
      enabled: true,
      destination_id: tenant.destination.id,
    });
    const shown = await ask('GET', '/main');
    expect(shown.json['databases']).to.deep.equal([]);
    for (const answer of [text, shown.text, (await ask('GET', '')).text, api.logged()]) {
      expect(answer).to.not.contain(password);
    }
    expect((await ask('POST', '', fields({ name: 'main' }))).json).to.deep.equal({
      errors: { name: ['The name field is the name of another policy of this account.'] },
    });
  });

  it('are refused for what cannot be', async () => {
    const wrong: [Record<string, unknown>, string][] = [
      [{ type: 'sqlite' }, 'type'],
      [{ type: 'redis' }, 'type'],
      [{ type: 'oracle' }, 'type'],
      [{ options: { globals: true } }, 'options.globals'],
      [{ options: { ignore: ['*.tmp'] } }, 'options'],
      [{ user: undefined }, 'user'],
      [{ cron: 'never' }, 'cron'],
      [{ timezone: 'Mars/Olympus' }, 'timezone'],
      [{ include: [] }, 'include'],
      [{ destination_id: 2_000_000 }, 'destination_id'],
      [{ host: 'a b' }, 'host'],
      [{ verification: { level: 'identical', scratch_database_id: 'x' } }, 'verification.scratch_database_id'],
    ];
    for (const [change, field] of wrong) {
      const { status, json, text } = await ask('POST', '', fields(change));
      expect([status, Object.keys((json['errors'] as object | undefined) ?? {})], text).to.deep.equal([422, [field]]);
    }
    const { id } = await create();
    const moved = await ask('PATCH', `/${id}`, { server_policy: { host: 'other.example.com' } });
    expect([moved.status, moved.json]).to.deep.equal([
      422,
      { errors: { password: ['The password field is required when host or port change.'] } },
    ]);
  });

  it('tell by a test what a run would do now, and change nothing', async () => {
    const { host, port, user, password: own } = api.own;
    const policy = await create({ host, port, user, password: own, include: ['*'], exclude: ['none_of_these'] });
    await api.own.query(`create database "-${api.own.name}"`);
    const { json, text } = await ask('POST', `/${policy.id}/test`);
    await api.own.query(`drop database "-${api.own.name}"`);
    expect(json['server_policy_test'], text).to.deep.include({ ok: true, error: null, vanished: [], suspicious: null });
    const {
      covered,
      passed_over: passedOver,
      left_out: leftOut,
    } = json['server_policy_test'] as {
      covered: object[];
      passed_over: { database: string }[];
      left_out: string[];
    };
    expect(covered.map((one) => (one as { database: string }).database)).to.include(api.own.name);
    expect(covered.map((one) => (one as { database: string }).database)).to.not.include(`-${api.own.name}`);
    expect(passedOver.map((one) => one.database)).to.deep.equal([`-${api.own.name}`]);
    expect(leftOut).to.include('postgres');
    expect(await api.deps.persistence.policies.members(policy.id)).to.deep.equal([]);
    const away = await create({ host: '127.0.0.1', port: 1 });
    const failed = (await ask('POST', `/${away.id}/test`)).json['server_policy_test'] as { error: { code: string } };
    expect(failed).to.deep.include({ ok: false, covered: [], passed_over: [] });
    expect(failed.error.code).to.equal('host_unreachable');
  });

  it('run when they are asked to, once for one key, and not while a run is still to list its server', async () => {
    const policy = await create();
    const key = { 'Idempotency-Key': 'one-run' };
    const first = await ask('POST', `/${policy.id}/runs`, {}, key);
    expect(first.status, first.text).to.equal(201);
    expect((await ask('POST', `/${policy.id}/runs`, {}, key)).text).to.equal(first.text);
    expect((await ask('POST', `/${policy.id}/runs`)).status).to.equal(409);
    const { id } = first.json['policy_run'] as { id: string };
    expect(api.rung.find(({ payload }) => (payload as { runId?: string }).runId === id)?.name).to.equal('run.begin@1');
    expect((await ask('GET', `/${policy.id}/runs`)).json).to.deep.equal({ policy_runs: [first.json['policy_run']] });
  });

  it('show how their runs go', async () => {
    const policy = await create();
    const run = await runOf(policy, ['a', 'b']);
    const shown = async () => (await ask('GET', `/${policy.id}/runs/${run.id}`)).json;
    expect((await shown())['policy_run']).to.deep.include({ status: 'pending' });
    await endBackups(run, ['b']);
    const { policy_run: ended, database_backups: backups } = await shown();
    expect(ended).to.deep.include({ status: 'error', backups: { scheduled: 0, pending: 0, done: 1, error: 1 } });
    expect((backups as { status: string; run_id: string }[]).map((one) => [one.status, one.run_id])).to.deep.equal([
      ['done', run.id],
      ['error', run.id],
    ]);
  });

  it('have a run cancelled with its backups, again and again, and not one that has ended otherwise', async () => {
    const policy = await create();
    const run = await runOf(policy, ['a', 'b']);
    const cancel = (id: string) => ask('POST', `/${policy.id}/runs/${id}/cancel`);
    const first = await cancel(run.id);
    expect(first.status, first.text).to.equal(200);
    const shown = first.json['policy_run'] as { status: string; error: { code: string }; cancel_requested_at: string };
    expect([shown.status, shown.error.code]).to.deep.equal(['error', 'cancelled']);
    expect((await cancel(run.id)).text).to.equal(first.text);
    const ended = await runOf(policy, ['a']);
    await endBackups(ended, ['a']);
    const refused = await cancel(ended.id);
    expect([refused.status, refused.text.includes('already ended as error')]).to.deep.equal([409, true]);
    expect((await cancel('x')).status).to.equal(404);
  });

  it('say alone how their databases are reached and when they come due', async () => {
    const policy = await create({ name: 'alone' });
    await endBackups(await runOf(policy, ['a']));
    const database = (path: string, method: string, body?: unknown) =>
      api.request(method, `/api/databases/alone.a${path}`, { token: tenant.token, body });
    const follows = 'The host field of the database "alone.a" follows the policy "alone": change it there.';
    const moved = await database('', 'PATCH', { database: { host: 'other.example.com' } });
    expect([moved.status, moved.json]).to.deep.equal([409, { error: follows }]);
    expect((await database('', 'PATCH', { database: { periodic_backups_enabled: false } })).status).to.equal(200);
    const deleted = await database('', 'DELETE');
    expect([deleted.status, deleted.text.includes('is covered by the policy \\"alone\\"')]).to.deep.equal([409, true]);
    const { schedules } = (await database('/schedules', 'GET')).json as {
      schedules: { id: string; policy_id: string | null }[];
    };
    const managed = schedules.find(({ policy_id: id }) => id === policy.id) ?? expect.fail();
    expect((await database(`/schedules/${managed.id}`, 'PATCH', { enabled: false })).status).to.equal(409);
    expect((await database(`/schedules/${managed.id}`, 'DELETE')).status).to.equal(409);
  });

  it('take an answer about a database that is gone, and none about one that is there', async () => {
    const policy = await create();
    await endBackups(await runOf(policy, ['a', 'b']));
    await runOf(policy, ['a']);
    const [there, gone] = await api.deps.persistence.policies.members(policy.id);
    const answer = (id: string | undefined, body: unknown) =>
      ask('POST', `/${policy.id}/databases/${id}/vanished`, body);
    expect((await answer(there?.id, { expected: true })).status).to.equal(409);
    expect((await answer(gone?.id, {})).status).to.equal(422);
    expect((await answer(gone?.id, { expected: true })).json['database']).to.include({
      database: 'b',
      vanish_expected: true,
    });
    expect((await answer(tenant.database.id, { expected: true })).status).to.equal(404);
  });

  describe('restore a run', () => {
    interface Shown {
      run_restore: {
        id: string;
        restores: { id: string; database_id: string; after_restore_id: string | null; group_id: string }[];
      };
    }

    it('only where it is whole, or somebody wants its good part', async () => {
      const policy = await create();
      const run = await runOf(policy, ['a', 'b', 'c']);
      await endBackups(run, ['b']);
      const path = `/${policy.id}/runs/${run.id}/restore`;
      const refused = await ask('POST', path);
      expect([refused.status, refused.text.includes('no good backup of \\"b\\"')]).to.deep.equal([409, true]);
      expect((await ask('POST', path, { databases: ['d'] })).status).to.equal(422);
      const part = (await ask('POST', path, { databases: ['a'] })).json as unknown as Shown;
      expect(part.run_restore.restores).to.have.length(1);
      // "a" is being restored: none of the others is begun either.
      expect((await ask('POST', path, { allow_partial: true })).status).to.equal(409);
      expect((await ask('GET', `${path}s`)).json['restores']).to.have.length(1);
      const beside = await ask('POST', path, { allow_partial: true, target: { suffix: '_2' } });
      expect((beside.json as unknown as Shown).run_restore.restores).to.have.length(2);
      for (const wrong of [
        { target: { suffix: '_'.repeat(41) } },
        { target: { suffix: '=' } },
        { to_policy_id: 'x' },
      ]) {
        expect((await ask('POST', path, { allow_partial: true, ...wrong })).status, JSON.stringify(wrong)).to.equal(
          422,
        );
      }
    });

    it('with the globals of its server first, once for one key, and on another server that may not know its databases', async () => {
      const policy = await create({ globals: true });
      const run = await runOf(policy, ['a', 'b']);
      await endBackups(run);
      const target = await create({ name: 'other-server', exclude: ['b'] });
      const path = `/${policy.id}/runs/${run.id}/restore`;
      const uncovered = await ask('POST', path, { to_policy_id: target.id });
      expect([uncovered.status, uncovered.text.includes('covers \\"b\\"')]).to.deep.equal([422, true]);
      await ask('PATCH', '/other-server', { server_policy: { exclude: [] } });
      const key = { 'Idempotency-Key': 'one-restore' };
      const made = await ask('POST', path, { to_policy_id: target.id }, key);
      expect(made.status, made.text).to.equal(201);
      expect((await ask('POST', path, { to_policy_id: target.id }, key)).text).to.equal(made.text);
      const { restores, id } = (made.json as unknown as Shown).run_restore;
      expect(restores.map(({ after_restore_id: after }) => after)).to.deep.equal([null, restores[0]?.id]);
      expect(restores.map(({ group_id: group }) => group)).to.deep.equal([id, id]);
      const members = await api.deps.persistence.policies.members(target.id);
      expect(restores.map(({ database_id: one }) => one)).to.deep.equal(members.map((member) => member.id));
      await api.own.query(`update holdfast.backups set part = '{}' where id = (
        select id from holdfast.backups where run_id = '${run.id}' limit 1)`);
      const inPart = await ask('POST', path, { to_policy_id: target.id });
      expect([inPart.status, Object.keys(inPart.json['errors'] ?? {})]).to.deep.equal([422, ['target']]);
      const beside = (await ask('POST', path, { target: { suffix: ' copy' } })).json as unknown as Shown;
      expect(beside.run_restore.restores.map(({ after_restore_id: after }) => after)).to.deep.equal([null, null]);
      await api.own.query(
        `insert into holdfast.backup_files (id, backup_id, role, name, key, size, checksum)
         select gen_random_uuid(), b.id, role, role, b.id || role, 1, 'sha256:' || repeat('0', 64)
         from holdfast.backups b, unnest(array['dump', 'globals']) role where run_id = '${run.id}' and with_globals`,
      );
      const asked = { target: { suffix: ' again' }, globals: true, ownership: 'skip' };
      const first = ((await ask('POST', path, asked)).json as unknown as Shown).run_restore.restores[0];
      expect(
        await api.own.query(
          `select f.role from holdfast.restores r join holdfast.backup_files f on f.id = any (r.file_ids)
           where r.id = '${first?.id}' order by 1`,
        ),
        'they are named, as without owners they would not come by themselves',
      ).to.deep.equal([{ role: 'dump' }, { role: 'globals' }]);
    });
  });

  it('leave their databases to themselves when they are deleted', async () => {
    const policy = await create({ name: 'going' });
    await endBackups(await runOf(policy, ['a']));
    expect((await ask('DELETE', '/going')).status).to.equal(204);
    expect((await ask('GET', '/going')).status).to.equal(404);
    const { json } = await api.request('GET', '/api/databases/going.a', { token: tenant.token });
    expect(json['database']).to.deep.include({ policy_id: null, vanished_at: null });
  });
});
