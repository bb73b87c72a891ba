import { expect } from 'chai';
import { openApi, type Tenant, type TestApi } from '../../harness.test.ts';

describe('a test of a connection that is not registered', () => {
  let api: TestApi;
  let ada: Tenant;
  before(async () => {
    api = await openApi();
    ada = await api.tenant('ada');
  });
  after(() => api.stop());

  const attempt = async (change: Record<string, unknown> = {}) => {
    const { host, port, user, password, name: database } = api.own;
    const connection = { name: 'tried', type: 'postgresql', host, port, user, password, database, ...change };
    return await api.request('POST', '/api/database-tests', { token: ada.token, body: { database: connection } });
  };
  const registered = async () => (await api.deps.persistence.databases.list(ada.account.id)).map(({ name }) => name);

  it('tells what the server is, and keeps nothing', async () => {
    const { status, text, json } = await attempt();
    expect(status, text).to.equal(200);
    const report = json['database_test'] as Record<string, unknown>;
    expect(report).to.deep.include({ ok: true, error: null, missing_privileges: [], warnings: [] });
    expect(report['server_version']).to.match(/^15\./);
    expect(await registered()).to.deep.equal(['ada-db']);
  });

  it('tells in words what is wrong, without the password', async () => {
    const { json, text } = await attempt({ password: 'wrong-and-secret' });
    expect(json['database_test']).to.deep.include({ ok: false, server_version: null });
    expect(json['database_test']).to.have.nested.property('error.code', 'auth_failed');
    expect(`${text}${api.logged()}`).to.not.include('wrong-and-secret');
  });

  it('needs no destination, and refuses what cannot be registered at its field', async () => {
    const eve = await api.deps.persistence.accounts.create('eve');
    const token = await api.token(eve, ['databases:write']);
    const database = { name: 'tried', type: 'postgresql', host: '127.0.0.1', port: 1, user: 'app' };
    const unreachable = await api.request('POST', '/api/database-tests', { token, body: { database } });
    expect(unreachable.json['database_test']).to.have.nested.property('error.code', 'host_unreachable');
    expect((await attempt({ host: 'a b' })).json).to.have.nested.property('errors.host');
    const { host: _h, port: _p, user: _u, password: _w, ...unnamed } = database as Record<string, unknown>;
    const remote = { database: { ...unnamed, server_id: 2_000_000 } };
    const unknown = await api.request('POST', '/api/database-tests', { token, body: remote });
    expect([unknown.status, Object.keys(unknown.json['errors'] as object)]).to.deep.equal([422, ['server_id']]);
  });
});
