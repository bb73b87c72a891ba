import { expect } from 'chai';
import { openApi, type Answer, type Tenant, type TestApi } from '../../harness.test.ts';

describe('servers', () => {
  let api: TestApi;
  let ada: Tenant;
  let admin: string;
  let foreign: string;

  before(async () => {
    api = await openApi();
    ada = await api.tenant('ada');
    admin = await api.token(ada.account, ['admin']);
    foreign = await api.token((await api.tenant('bob')).account, ['admin']);
  });
  after(() => api.stop());

  const ask = (method: string, path: string, body?: unknown, token = admin): Promise<Answer> =>
    api.request(method, `/api/servers${path}`, { token, body });
  const register = async (name: string) => {
    const answer = await ask('POST', '', { server: { name } });
    expect(answer.status, answer.text).to.equal(201);
    return answer.json['server'] as { id: number; token: string; last_seen_at: string | null };
  };

  it('are registered with a token that is shown once and opens the remote API', async () => {
    const { token, ...server } = await register('node-1');
    expect(token).to.match(/^[0-9A-Za-z]{16}\.[0-9A-Za-z]{64}$/);
    expect(server).to.have.all.keys('id', 'name', 'created_at', 'last_seen_at').and.include({ last_seen_at: null });
    const path = '/api/remote/jobs/claim';
    expect((await api.request('POST', path, { token, body: { wait_seconds: 0 } })).status).to.equal(204);
    const shown = await ask('GET', `/${server.id}`);
    expect(shown.status).to.equal(200);
    expect(shown.json).to.have.nested.property('server.last_seen_at').that.is.a('string');
    const list = await ask('GET', '');
    expect((list.json['servers'] as unknown[])[0]).to.deep.equal(shown.json['server']);
    for (const { text } of [shown, list]) expect(text).to.not.include(token).and.not.include('token');
    expect(api.logged()).to.not.include(token.split('.')[1]);
  });

  it('need a name that is text, on one line, and not of another server of the account', async () => {
    await register('taken');
    for (const body of [
      undefined,
      {},
      { server: {} },
      { server: 1 },
      ...['', ' x', 'a\u0000', 'x'.repeat(64), 5, 'taken'].map((name) => ({ server: { name } })),
    ]) {
      const { status, json } = await ask('POST', '', body);
      expect(status, JSON.stringify(body)).to.equal(422);
      expect(json).to.have.all.keys('errors');
    }
    expect((await ask('POST', '', { server: { name: 'taken' } }, foreign)).status).to.equal(201);
  });

  it('are those of the account, and for the scope admin alone', async () => {
    const { id } = await register('own');
    for (const [method, path] of [
      ['GET', `/${id}`],
      ['DELETE', `/${id}`],
      ['GET', '/x'],
      ['GET', '/0'],
      ['GET', '/99999999999'],
    ] as const) {
      const { status, json } = await ask(method, path, undefined, foreign);
      expect([status, json]).to.deep.equal([404, { error: 'This server does not exist.' }]);
    }
    for (const [method, path] of [
      ['POST', ''],
      ['GET', ''],
      ['GET', `/${id}`],
      ['DELETE', `/${id}`],
    ] as const) {
      const body = method === 'POST' ? {} : undefined;
      expect((await ask(method, path, body, ada.token)).status).to.equal(403);
    }
  });

  it('are forgotten when nothing needs them, and their tokens with them; else the answer says how much does', async () => {
    const { id, token } = await register('needed');
    const made = await api.deps.persistence.databases.create(ada.account.id, {
      name: 'remote',
      type: 'files',
      serverId: id,
      host: null,
      port: null,
      user: null,
      password: null,
      database: 'remote',
      options: {},
      destinationId: ada.destination.id,
    });
    if (made === 'name_taken') throw new Error('The name of the test database is taken.');
    const kept = await ask('DELETE', `/${id}`);
    expect([kept.status, kept.json]).to.deep.equal([
      409,
      { error: 'This server cannot be forgotten: 1 database, backup or restore needs it.' },
    ]);
    await api.deps.persistence.databases.delete(ada.account.id, made.id);
    const gone = await ask('DELETE', `/${id}`);
    expect([gone.status, gone.text]).to.deep.equal([204, '']);
    expect((await ask('DELETE', `/${id}`)).status).to.equal(404);
    const refused = await api.request('POST', '/api/remote/jobs/claim', { token, body: { wait_seconds: 0 } });
    expect(refused.status).to.equal(403);
  });
});
