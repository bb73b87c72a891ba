import { expect } from 'chai';
import { openApi, type Tenant, type TestApi } from '../../harness.test.ts';

describe('database dialect: databases that are paths', () => {
  let api: TestApi;
  let ada: Tenant;

  before(async () => {
    api = await openApi();
    ada = await api.tenant('ada');
  });
  after(() => api.stop());

  const call = (method: string, path: string, body?: unknown) => api.request(method, path, { token: ada.token, body });
  const register = (database: object) => call('POST', '/api/databases', { database });
  const change = (name: string, database: object) => call('PATCH', `/api/databases/${name}`, { database });
  const wrong = (json: Record<string, unknown>) => Object.keys((json['errors'] as object | undefined) ?? {});

  it('are registered by an absolute path alone', async () => {
    const path = `/srv/${'long/'.repeat(30)}a=b`;
    for (const [type, options] of Object.entries({ sqlite: {}, files: { ignore: ['*.log', '/cache/'] } })) {
      const { status, json, text } = await register({ name: `by-${type}`, type, database: path, options });
      expect(status, text).to.equal(201);
      const nowhere = { server_id: null, host: null, port: null, user: null };
      expect(json['database']).to.deep.include({ type, database: path, options, ...nowhere });
    }
    for (const database of [undefined, 'site', '/', '/srv/../etc', `/${'x'.repeat(1100)}`]) {
      const { status, json } = await register({
        name: 'x',
        type: 'files',
        ...(database !== undefined && { database }),
      });
      expect([status, wrong(json)], database).to.deep.equal([422, ['database']]);
      if (database === undefined) continue;
      const changed = await change('by-files', { database });
      expect([changed.status, wrong(changed.json)], database).to.deep.equal([422, ['database']]);
    }
    expect((await change('by-files', { database: '/srv/other' })).status).to.equal(200);
  });

  it('have no connection, and no options of others', async () => {
    const given = { host: 'db.example.com', port: 1, user: 'u', password: 'p' };
    const { status, json } = await register({ name: 'x', type: 'sqlite', database: '/srv/x', ...given });
    expect([status, wrong(json)]).to.deep.equal([422, Object.keys(given)]);
    const changed = await change('by-sqlite', { host: 'db.example.com', user: 'u' });
    expect([changed.status, wrong(changed.json)]).to.deep.equal([422, ['host', 'user']]);
    for (const options of [{ ignore: ['x'] }, { ignore: ['/'] }]) {
      const refused = await register({ name: 'x', type: 'sqlite', database: '/srv/x', options });
      expect(refused.status).to.equal(422);
    }
    const became = await change('by-sqlite', { type: 'postgresql' });
    expect([became.status, wrong(became.json)]).to.deep.equal([422, ['type']]);
  });

  it('have a user where their kind of server asks for one', async () => {
    const direct = { host: 'db.example.com', database: 'd' };
    const user = async (type: string) => {
      const { status, json } = await register({ name: `user-${type}`, type, ...direct });
      return [status, wrong(json), (json['database'] as Record<string, unknown> | undefined)?.['user']];
    };
    expect(await user('redis')).to.deep.equal([201, [], 'default']);
    expect(await user('mongodb')).to.deep.equal([201, [], '']);
    expect(await user('mysql')).to.deep.equal([422, ['user'], undefined]);
  });

  it('are restored to a path, or to a name beside their own', async () => {
    const all = await api.deps.persistence.databases.list(ada.account.id);
    const found = all.find(({ type }) => type === 'sqlite');
    if (!found) throw new Error('Nothing was registered.');
    const { backup } = await api.doneBackup(found);
    const restore = (target: unknown) =>
      call('POST', `/api/databases/by-sqlite/backups/${backup.id}/restore`, { target });
    for (const name of ['copy', '/srv/copies/a=b.db', '-odd']) {
      expect((await restore({ new_database: name })).status, name).to.equal(201);
    }
    for (const name of ['a/b', '..', '/srv/../x', '/', `/${'x'.repeat(1100)}`]) {
      const { status, json } = await restore({ new_database: name });
      expect([status, wrong(json)[0]?.split('.')[0]], name).to.deep.equal([422, 'target']);
    }
  });

  it('are verified beside their own path', async () => {
    const made = await call('POST', '/api/databases/by-sqlite/schedules', {
      cron: '0 3 * * *',
      verification: { level: 'identical' },
    });
    expect(made.status, made.text).to.equal(201);
  });
});
