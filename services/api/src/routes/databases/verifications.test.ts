import { expect } from 'chai';
import type { Database } from '@holdfast/shared/domain';
import { openApi, type Answer, type Tenant, type TestApi } from '../../harness.test.ts';

interface Shown {
  id: string;
  level: string;
  status: string;
  scratch_database_id: string;
}

describe('database dialect: verifications', () => {
  let api: TestApi;
  let ada: Tenant;
  let eve: Tenant;
  let files: Database;

  before(async () => {
    api = await openApi();
    [ada, eve] = [await api.tenant('ada'), await api.tenant('eve')];
    const { account, destination } = ada;
    const created = await api.deps.persistence.servers.create(account.id, 'node');
    if (created === 'name_taken') throw new Error('The name of the test server is taken.');
    const nowhere = { host: null, port: null, user: null, password: null, options: {} };
    const remote = { name: 'site', type: 'files', serverId: created.server.id, database: 'site', ...nowhere } as const;
    const made = await api.deps.persistence.databases.create(account.id, { ...remote, destinationId: destination.id });
    if (made === 'name_taken') throw new Error('The name of the test database is taken.');
    files = made;
  });
  after(() => api.stop());

  const pathOf = async (): Promise<{ path: string; id: string }> => {
    const { backup } = await api.doneBackup(ada.database);
    return { id: backup.id, path: `/api/databases/${ada.database.name}/backups/${backup.id}/verifications` };
  };
  const post = (path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> =>
    api.request('POST', path, { token: ada.token, headers, ...(body === undefined ? {} : { body }) });
  const get = async (path: string): Promise<Record<string, unknown>> =>
    (await api.request('GET', path, { token: ada.token })).json;
  const shownIn = ({ json, text, status }: Answer): Shown => {
    expect(status, text).to.be.oneOf([200, 201]);
    return json['verification'] as Shown;
  };

  it('asks for a verification, rings for it, and shows it alone and in the list of its backup', async () => {
    const { path, id } = await pathOf();
    api.rung.length = 0;
    const made = await post(path, { verification: { level: 'readable' } });
    const verification = shownIn(made);
    expect(verification).to.deep.include({
      backup_id: id,
      cause: 'manual',
      level: 'readable',
      reached: null,
      findings: [],
      status: 'scheduled',
      scratch_database_id: ada.database.id,
    });
    expect(api.rung.map(({ name, payload }) => [name, payload])).to.deep.equal([
      ['verification.run@1', { verificationId: verification.id, requestId: made.headers.get('x-request-id') }],
    ]);
    expect(await get(`/api/verifications/${verification.id}`)).to.deep.equal(made.json);
    expect(await get(path)).to.deep.equal({ verifications: [verification] });
  });

  it('takes the highest level that the backup allows when none is told', async () => {
    const { path, id } = await pathOf();
    expect(shownIn(await post(path))).to.include({ level: 'restorable' });
    await api.own.query(
      `update holdfast.verifications set status = 'error', error = '{"code":"cancelled","message":"x"}', completed_at = now()`,
      `insert into holdfast.backup_files (id, backup_id, role, name, key, size, checksum)
       values (gen_random_uuid(), '${id}', 'content', 'content.json.zst', '${id}/content', 1, 'sha256:${'ab'.repeat(32)}')`,
    );
    expect(shownIn(await post(path, {}))).to.include({ level: 'identical' });
  });

  it('lists those of all backups of a database that are not deleted, newest first', async () => {
    const [first, second, deleted] = [await pathOf(), await pathOf(), await pathOf()];
    const made: string[] = [];
    for (const { path } of [first, second, deleted]) made.unshift(shownIn(await post(path)).id);
    const own = `/api/databases/${ada.database.id}/backups/${deleted.id}`;
    expect((await api.request('DELETE', own, { token: ada.token })).status).to.equal(204);
    const listed = async (db: string, query = ''): Promise<string[]> =>
      ((await get(`/api/databases/${db}/verifications${query}`))['verifications'] as Shown[]).map(({ id }) => id);
    expect((await listed(ada.database.id)).slice(0, 2)).to.deep.equal(made.slice(1));
    expect(await listed(ada.database.id, '?limit=1')).to.deep.equal(made.slice(1, 2));
    expect(await listed(files.id)).to.deep.equal([]);
  });

  it('makes one for a request that is repeated, and refuses a second one meanwhile', async () => {
    const { path } = await pathOf();
    const headers = { 'idempotency-key': 'once' };
    const first = await post(path, { verification: { level: 'stored' } }, headers);
    const again = await post(path, { verification: { level: 'stored' } }, headers);
    expect(again.json).to.deep.equal(first.json);
    const other = await post(path);
    expect(other.status).to.equal(409);
    expect(other.text).to.match(/waits or runs/);
    const cancel = `/api/verifications/${shownIn(first).id}/cancel`;
    expect(shownIn(await post(cancel))).to.deep.include({ status: 'error' });
    expect((await post(cancel)).status).to.equal(200);
    expect((await post(path)).status).to.equal(201);
  });

  it('refuses to verify what has not completed, and to cancel what has ended', async () => {
    const running = await api.request('POST', `/api/databases/${ada.database.id}/backups`, { token: ada.token });
    const { id } = running.json['database_backup'] as { id: string };
    const refused = await post(`/api/databases/${ada.database.id}/backups/${id}/verifications`);
    expect(refused.status).to.equal(409);
    expect(refused.text).to.match(/has not completed/);
    await api.deps.persistence.backups.requestCancel(id);
    const ended = shownIn(await post((await pathOf()).path, { verification: { level: 'stored' } }));
    const { verifications } = api.deps.persistence;
    await verifications.claim(ended.id, { worker: 'w', seconds: 60 });
    expect(await verifications.settle(ended.id, 1, { reached: 'stored', findings: [], damage: null })).to.equal(true);
    expect((await post(`/api/verifications/${ended.id}/cancel`)).status).to.equal(409);
  });

  it('refuses what is no level, another body, and a scratch database that is not the account’s or of another kind', async () => {
    const { path } = await pathOf();
    for (const body of [
      { verification: { level: 'perfect' } },
      { level: 'stored' },
      { verification: { levels: 'stored' } },
      { verification: { scratch_database_id: 'none' } },
      { verification: { scratch_database_id: eve.database.id } },
      { verification: { scratch_database_id: files.id } },
    ]) {
      expect((await post(path, body)).status, JSON.stringify(body)).to.equal(422);
    }
  });

  it('shows on a backup what was proven of it and what speaks against it', async () => {
    const { id, path } = await pathOf();
    const proven = async () =>
      ((await get(`/api/backups/${id}`))['database_backup'] as { verification: unknown }).verification;
    expect(await proven()).to.deep.equal({ level: 'stored', verified_at: null, damage: null });
    const { verifications } = api.deps.persistence;
    const verification = shownIn(await post(path, { verification: { level: 'stored' } }));
    await verifications.claim(verification.id, { worker: 'w', seconds: 60 });
    const damage = { state: 'changed', detail: 'The dump is not as it was stored.' } as const;
    await verifications.settle(verification.id, 1, { reached: null, findings: [], damage });
    expect(await proven()).to.deep.include({ level: null });
    expect(((await proven()) as { damage: unknown }).damage).to.deep.include(damage);
  });

  describe('by a schedule', () => {
    const schedules = (database = ada.database.name): string => `/api/databases/${database}/schedules`;
    const policyIn = ({ json, status, text }: Answer): unknown => {
      expect(status, text).to.be.oneOf([200, 201]);
      return (json['schedule'] as { verification: unknown }).verification;
    };

    it('keeps a policy as a whole: PATCH replaces it, null removes it, and without the field it stays', async () => {
      const made = await post(schedules(), { cron: '0 3 * * *', verification: { level: 'identical' } });
      expect(policyIn(made)).to.deep.equal({ level: 'identical', every: 1, scratch_database_id: null });
      const own = `${schedules()}/${(made.json['schedule'] as { id: string }).id}`;
      const patch = (body: unknown) => api.request('PATCH', own, { token: ada.token, body });
      const weekly = { level: 'readable', every: 'weekly', scratch_database_id: ada.database.id };
      expect(policyIn(await patch({ verification: weekly }))).to.deep.equal(weekly);
      expect(policyIn(await patch({ enabled: false }))).to.deep.equal(weekly);
      const each = { level: 'stored', every: 1, scratch_database_id: null };
      expect(policyIn(await patch({ verification: { level: 'stored' } }))).to.deep.equal(each);
      expect(policyIn(await patch({ verification: null }))).to.equal(null);
      expect(policyIn(await post(schedules(), { cron: '0 4 * * *' }))).to.equal(null);
    });

    it('refuses a policy that cannot be carried out', async () => {
      for (const verification of [
        {},
        { level: 'perfect' },
        { level: 'stored', every: 0 },
        { level: 'stored', every: 'daily' },
        { level: 'stored', of: 1 },
        { level: 'restorable', scratch_database_id: eve.database.id },
        { level: 'restorable', scratch_database_id: files.id },
      ]) {
        const { status, text } = await post(schedules(), { cron: '0 3 * * *', verification });
        expect(status, JSON.stringify(verification)).to.equal(422);
        expect(text).to.match(/verification/);
      }
      const ofFiles = { cron: '0 3 * * *', verification: { level: 'restorable' } };
      expect((await post(schedules(files.name), ofFiles)).text).to.match(/stored or readable/);
    });
  });
});
