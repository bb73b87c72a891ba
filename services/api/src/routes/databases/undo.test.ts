import { expect } from 'chai';
import type { Database } from '@holdfast/shared/domain';
import { openApi, type Answer, type Tenant, type TestApi } from '../../harness.test.ts';

const lease = { worker: 'test', seconds: 60 };

describe('database dialect: selections, former content and undoing', () => {
  let api: TestApi;
  let ada: Tenant;
  let backupId: string;

  before(async () => {
    api = await openApi({ HOLDFAST_FORMER_HOURS: '7' });
    ada = await api.tenant('ada');
    backupId = (await api.doneBackup(ada.database)).backup.id;
  });
  after(() => api.stop());
  afterEach(async () => {
    await api.own.query('delete from holdfast.restore_attempts', 'delete from holdfast.restores');
  });

  const post = (path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> =>
    api.request('POST', path, { token: ada.token, body, headers });
  const restore = (body: unknown = {}): Promise<Answer> =>
    post(`/api/databases/${ada.database.id}/backups/${backupId}/restore`, body);
  const restorations = (id: unknown, of: Database = ada.database): string =>
    `/api/databases/${of.id}/backup_restorations/${String(id)}`;
  const shown = async (id: unknown): Promise<Record<string, unknown>> =>
    (await api.request('GET', restorations(id), { token: ada.token })).json['backup_restoration'] as Record<
      string,
      unknown
    >;
  const keepHoursOf = async ({ json, text }: Answer): Promise<number | undefined> => {
    expect(json['id'], text).to.be.a('string');
    const id = String(json['id']);
    const row = await api.deps.persistence.restores.find(id);
    await api.deps.persistence.restores.requestCancel(id);
    return row?.keepHours;
  };
  const done = async (former: string | null = 'shop_kept'): Promise<string> => {
    const { restores } = api.deps.persistence;
    const id = String((await restore()).json['id']);
    await restores.claim(id, lease);
    await restores.settle(id, 1, 'restored', 10, former);
    return id;
  };
  const problems = ({ status, json }: Answer): unknown => [status, Object.keys(json['errors'] ?? {})];

  it('keeps the former content of a restore in place for the hours that were asked for, or else the usual ones', async () => {
    expect(await keepHoursOf(await restore())).to.equal(7);
    expect(await keepHoursOf(await restore({ keep_hours: 48 }))).to.equal(48);
    expect(await keepHoursOf(await restore({ keep_hours: 0 }))).to.equal(0);
    const target = { new_database: 'copy' };
    expect(await keepHoursOf(await restore({ target }))).to.equal(0);
    expect(await keepHoursOf(await restore({ target, keep_hours: 0 }))).to.equal(0);
    expect(problems(await restore({ target, keep_hours: 1 }))).to.deep.equal([422, ['keep_hours']]);
    for (const wrong of [-1, 8761, 1.5, '1', null]) {
      expect(problems(await restore({ keep_hours: wrong })), String(wrong)).to.deep.equal([422, ['keep_hours']]);
    }
  });

  it('takes a selection for a new database, shows it, and refuses one in place', async () => {
    const target = { new_database: 'part' };
    const made = await restore({ target, selection: { tables: ['public.orders', '"My ""odd"" schema"."a.b"'] } });
    expect(made.status, made.text).to.equal(201);
    const selection = { schemas: [], tables: ['public.orders', '"My ""odd"" schema"."a.b"'] };
    expect(made.json['selection']).to.deep.equal(selection);
    expect((await api.deps.persistence.restores.find(String(made.json['id'])))?.selection).to.deep.equal(selection);
    const refused = await restore({ selection: { schemas: ['public'] } });
    expect(problems(refused)).to.deep.equal([422, ['selection']]);
    expect(refused.text).to.contain('a part cannot replace a whole');
    for (const wrong of [{}, { schemas: [], tables: [] }, { schema: ['a'] }, 'public.orders']) {
      const { status } = await restore({ target, selection: wrong });
      expect(status, JSON.stringify(wrong)).to.equal(422);
    }
    for (const table of ['orders', 'a.b.c', '.b', 'a.', '"a.b', 'a."b"c', 'a\u0000.b', 5]) {
      const { status } = await restore({ target, selection: { tables: [table] } });
      expect(status, String(table)).to.equal(422);
    }
  });

  it('refuses what is of a part of its database in place, in each dialect, and takes it for a new one', async () => {
    const { backup, file } = await api.doneBackup(ada.database);
    await api.own.query(
      `update holdfast.backups set part = '{"include": {"schemas": ["billing"]}}' where id = '${backup.id}'`,
    );
    const own = `/api/databases/${ada.database.id}/backups/${backup.id}/restore`;
    for (const path of [own, `${own}/preflight`, `/v1/backups/${backup.id}/restore`]) {
      for (const body of [{}, { files: [file.id] }, { target: { database_id: ada.database.id } }]) {
        const refused = await post(path, body);
        expect(problems(refused), path).to.deep.equal([422, ['target']]);
        expect(refused.text).to.contain('only schemas billing');
      }
    }
    expect((await post(own, { target: { new_database: 'beside_it' } })).status).to.equal(201);
    await api.own.query(`update holdfast.backup_files set role = 'globals' where id = '${file.id}'`);
    expect((await post(own, { files: [file.id] })).status, 'the globals alone').to.equal(201);
  });

  it('never restores a damaged backup silently: 409 names the damage until it is accepted', async () => {
    const { backup } = await api.doneBackup(ada.database);
    await api.own.query(
      `update holdfast.backups set damaged_at = now(), damage = '{"state": "missing", "detail": "a1/dump is missing."}'
       where id = '${backup.id}'`,
    );
    const path = `/api/databases/${ada.database.id}/backups/${backup.id}/restore`;
    for (const body of [{}, { allow_damaged: false }]) {
      const { status, text } = await post(path, body);
      expect(status).to.equal(409);
      expect(text).to.contain('This backup is damaged: a1/dump is missing.').and.contain('allow_damaged');
    }
    expect((await post(`/v1/backups/${backup.id}/restore`)).status).to.equal(409);
    expect((await post(path, { allow_damaged: true })).status).to.equal(201);
    const kept = await api.own.query(
      `select allow_damaged as insists from holdfast.restores where backup_id = '${backup.id}'`,
    );
    expect(kept, 'the worker knows it too').to.deep.equal([{ insists: true }]);
  });

  it('shows the former content, and answers 201 to its undoing, which is a restoration of its own', async () => {
    const id = await done();
    expect(await shown(id))
      .to.have.property('former')
      .that.deep.includes({ database: 'shop_kept' });
    const made = await post(`${restorations(id)}/undo`);
    expect(made.status, made.text).to.equal(201);
    expect(made.json).to.deep.include({
      undo_of: id,
      status: 'scheduled',
      target: { in_place: true },
      former: null,
      source_backup_id: backupId,
      database_id: ada.database.id,
    });
    expect(api.rung.at(-1)).to.deep.include({ name: 'restore.run@1', jobId: `restore-${String(made.json['id'])}-1` });
    expect(await shown(made.json['id'])).to.deep.equal(made.json);
    const v1 = `/v1/backups/${backupId}/restores/${String(made.json['id'])}`;
    expect((await api.request('GET', v1, { token: ada.token })).status).to.equal(200);
    expect((await post(`${restorations(id)}/undo`)).status).to.equal(409);
  });

  it('undoes once for a request that is repeated with its key', async () => {
    const path = `${restorations(await done())}/undo`;
    const [first, second] = [
      await post(path, undefined, { 'idempotency-key': 'undo-1' }),
      await post(path, undefined, { 'idempotency-key': 'undo-1' }),
    ];
    expect([first.status, second.status]).to.deep.equal([201, 201]);
    expect(second.json).to.deep.equal(first.json);
  });

  it('says why a restore cannot be undone', async () => {
    const refusal = async (id: string): Promise<unknown> => {
      const { status, json } = await post(`${restorations(id)}/undo`);
      return [status, json['error']];
    };
    const waiting = String((await restore()).json['id']);
    expect(await refusal(waiting)).to.deep.equal([
      409,
      'This restore has not come to a good end: there is nothing to undo.',
    ]);
    await api.deps.persistence.restores.requestCancel(waiting);
    const beside = String((await restore({ target: { new_database: 'copy' } })).json['id']);
    expect(await refusal(beside)).to.deep.equal([
      409,
      'Only a restore in place can be undone. To go back and forth, undo that restore again.',
    ]);
    const older = await done();
    const none = await done(null);
    expect(await refusal(older)).to.deep.equal([
      409,
      'A later restore in place has replaced what this one brought: undo the newest one.',
    ]);
    expect(await refusal(none)).to.deep.equal([
      409,
      'The former content of this restore is not kept, or not any more: restore a backup of the time before.',
    ]);
  });

  it('answers 422 to all of these where a remote server restores', async () => {
    const { persistence } = api.deps;
    const created = await persistence.servers.create(ada.account.id, 'node');
    const serverId = created === 'name_taken' ? 0 : created.server.id;
    const { type, destinationId } = ada.database;
    const away = { host: null, port: null, user: null, password: null, options: {} };
    const fields = { ...away, name: 'remote', type, serverId, database: 'remote', destinationId };
    const remote = await persistence.databases.create(ada.account.id, fields);
    if (remote === 'name_taken') throw new Error('The name is taken.');
    const target = { database_id: remote.id };
    expect(problems(await restore({ target, selection: { schemas: ['a'] } }))).to.deep.equal([422, ['selection']]);
    expect(problems(await restore({ target, keep_hours: 1 }))).to.deep.equal([422, ['keep_hours']]);
    const there = { compute: { type: 'ss_agent', server_id: serverId }, target: { new_database: 'beside' } };
    const part = await post(`/v1/backups/${backupId}/restore`, { ...there, selection: { schemas: ['a'] } });
    expect(problems(part)).to.deep.equal([422, ['selection']]);
    const preflight = await post(`/api/databases/${ada.database.id}/backups/${backupId}/restore/preflight`, { target });
    expect(problems(preflight)).to.deep.equal([422, ['target']]);
    const { json } = await restore({ target, keep_hours: 0 });
    expect((await persistence.restores.find(String(json['id'])))?.keepHours).to.equal(0);
    expect(problems(await post(`${restorations(json['id'], remote)}/undo`))).to.deep.equal([422, ['rid']]);
  });
});
