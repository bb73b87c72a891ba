import { longestSessionSeconds } from '@holdfast/shared/domain';
import { expect } from 'chai';
import { openApi, type Answer, type Asked, type Tenant, type TestApi } from '../harness.test.ts';

const own = { 'sec-fetch-site': 'same-origin' };

describe('sessions', () => {
  let api: TestApi;
  let ada: Tenant;
  let admin: string;

  before(async () => {
    api = await openApi();
    ada = await api.tenant('ada');
    admin = await api.token(ada.account, ['admin']);
  });
  after(() => api.stop());

  const post = (token: unknown, headers: Record<string, string> = own): Promise<Answer> =>
    api.request('POST', '/api/session', { body: { token }, headers });
  const signIn = async (token = admin): Promise<string> => {
    const { status, headers, text } = await post(token);
    expect(status, text).to.equal(200);
    return headers.getSetCookie()[0]?.split(';')[0] ?? '';
  };
  const ask = (cookie: string, method: string, path: string, { headers, ...asked }: Asked = {}): Promise<Answer> =>
    api.request(method, path, { ...asked, headers: { cookie, ...own, ...headers } });

  it('are begun by a token, kept from scripts and other sites, and say who is signed in', async () => {
    const { status, headers, json } = await post(admin);
    expect(status).to.equal(200);
    expect(headers.getSetCookie()[0]).to.match(
      /^holdfast=[\w-]{43}; Max-Age=604800; Path=\/; Expires=[^;]+; HttpOnly; SameSite=Strict$/,
    );
    expect(json['account']).to.include({ id: ada.account.id });
    expect(json['token']).to.include({ name: 'test' }).and.have.property('scopes').that.deep.equals(['admin']);
    expect(Date.parse(String(json['expires_at'])) - Date.now()).to.be.within(11.9 * 3_600_000, 12 * 3_600_000);
    const cookie = headers.getSetCookie()[0]?.split(';')[0] ?? '';
    const again = await ask(cookie, 'GET', '/api/session');
    expect([again.status, again.json]).to.deep.equal([200, json]);
    const [row] = await api.own.query('select hash from holdfast.sessions');
    expect(JSON.stringify(row)).to.not.include(cookie.split('=')[1]);
    expect(api.logged()).to.not.include(cookie.split('=')[1]).and.not.include(admin);
  });

  it('open what their token opens, the board and the documentation too, and no more', async () => {
    const cookie = await signIn();
    for (const path of ['/api/databases', '/api/tokens', '/docs', '/admin/queues/', '/openapi.json']) {
      expect((await ask(cookie, 'GET', path)).status, path).to.equal(200);
    }
    const weak = await signIn(await api.token(ada.account, ['backups:read']));
    expect((await ask(weak, 'GET', '/api/tokens')).status).to.equal(403);
    expect((await ask(weak, 'GET', '/admin/queues/')).status).to.equal(403);
    expect((await ask(weak, 'POST', '/api/remote/jobs/claim')).status, "a remote server's").to.not.equal(200);
  });

  it('download what is theirs without a link', async () => {
    const [cookie, weak] = [await signIn(ada.token), await signIn(await api.token(ada.account, ['databases:read']))];
    const content = Buffer.from('what was stored');
    const { backup, file } = await api.doneBackup(ada.database, content);
    const path = `/api/databases/${ada.database.id}/backups/${backup.id}/download`;
    const whole = await ask(cookie, 'GET', path);
    expect([whole.status, whole.text]).to.deep.equal([200, content.toString()]);
    expect(whole.headers.get('content-disposition')).to.include('attachment');
    expect((await ask(cookie, 'GET', `${path}?file=${file.id}`)).text).to.equal(content.toString());
    expect((await ask(cookie, 'GET', `${path}?file=${backup.id}`)).status).to.equal(404);
    expect((await ask(cookie, 'GET', `${path}?token=wrong`)).status).to.equal(403);
    expect((await ask(weak, 'GET', path)).status).to.equal(403);
    expect((await api.request('GET', path)).status).to.equal(403);
    const stranger = await api.tenant('stranger');
    expect((await ask(await signIn(stranger.token), 'GET', path)).status).to.equal(404);
  });

  it('tell nothing about a token that is wrong, and begin none of a remote server', async () => {
    const made = await api.request('POST', '/api/servers', { token: admin, body: { server: { name: 'node' } } });
    const { token: ofServer } = made.json['server'] as { token: string };
    const revoked = await api.token(ada.account, ['admin']);
    await api.own.query(
      `update holdfast.api_tokens set revoked_at = now() where id = (select id from holdfast.api_tokens order by created_at desc limit 1)`,
    );
    for (const wrong of [`hf_${'a'.repeat(43)}`, 'x', revoked, ofServer]) {
      const { status, json, headers } = await post(wrong);
      expect([status, json]).to.deep.equal([401, { error: 'This token is not valid.' }]);
      expect(headers.getSetCookie()).to.deep.equal([]);
    }
  });

  it('take changes from pages of this service only, and only as JSON', async () => {
    const cookie = await signIn();
    const body = { token: { name: 'made', scopes: ['backups:read'] } };
    const change = (headers: Record<string, string>) =>
      api.request('POST', '/api/tokens', { body, headers: { cookie, ...headers } });
    const foreign: Record<string, string>[] = [
      {},
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { 'sec-fetch-site': 'none' },
      { 'sec-fetch-site': 'cross-site', origin: api.url },
      { origin: 'https://evil.example.com' },
      { origin: 'null' },
    ];
    for (const headers of foreign) expect((await change(headers)).status, JSON.stringify(headers)).to.equal(403);
    expect((await change({ origin: api.url })).status).to.equal(201);
    expect((await change(own)).status).to.equal(201);
    const raw = JSON.stringify(body);
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', '']) {
      const headers = type === '' ? {} : { 'content-type': type };
      expect((await ask(cookie, 'POST', '/api/tokens', { raw, headers })).status, type).to.equal(415);
    }
    expect((await post(admin, { 'sec-fetch-site': 'cross-site' })).status, 'sign in').to.equal(403);
    const board = { cookie, 'sec-fetch-site': 'cross-site' };
    const paused = await api.request('PUT', '/admin/queues/api/queues/backups/pause', { headers: board });
    expect(paused.status, 'the board').to.equal(403);
  });

  it('count for nothing beside a bearer token', async () => {
    const cookie = await signIn();
    const path = '/api/tokens';
    expect((await ask(cookie, 'GET', path, { token: 'wrong' })).status).to.equal(401);
    expect((await ask(cookie, 'GET', path, { token: ada.token })).status).to.equal(403);
    // A program with a token is no browser: nobody asks where it comes from.
    const body = { token: { name: 'made', scopes: ['backups:read'] } };
    const headers = { cookie, 'sec-fetch-site': 'cross-site' };
    expect((await api.request('POST', path, { token: admin, body, headers })).status).to.equal(201);
  });

  it('repeat no request that carries an Idempotency-Key', async () => {
    const cookie = await signIn();
    const body = { token: { name: 'once', scopes: ['backups:read'] } };
    const once = () => ask(cookie, 'POST', '/api/tokens', { body, headers: { 'idempotency-key': 'once' } });
    const [first, second] = [await once(), await once()];
    expect([second.status, second.text]).to.deep.equal([first.status, first.text]);
    expect(second.headers.get('idempotent-replayed')).to.equal('true');
  });

  it('end with their token, and by signing out', async () => {
    const secret = await api.token(ada.account, ['admin']);
    const [cookie, other] = [await signIn(secret), await signIn(secret)];
    const out = await ask(cookie, 'DELETE', '/api/session');
    expect([out.status, out.headers.getSetCookie()[0]?.split(';').slice(0, 2)]).to.deep.equal([
      204,
      ['holdfast=', ' Max-Age=0'],
    ]);
    expect((await ask(cookie, 'GET', '/api/session')).status).to.equal(401);
    const { token } = (await ask(other, 'GET', '/api/session')).json as { token: { id: string } };
    expect((await ask(other, 'DELETE', `/api/tokens/${token.id}`)).status).to.equal(204);
    for (const path of ['/api/session', '/docs', '/admin/queues/']) {
      expect((await ask(other, 'GET', path)).status, path).to.equal(401);
    }
  });

  it('end when nobody uses them, and after their longest time however much they are used', async () => {
    const cookie = await signIn();
    const newest = 'id = (select id from holdfast.sessions order by id desc limit 1)';
    const age = (seconds: number, left: number) =>
      api.own.query(
        `update holdfast.sessions set created_at = now() - interval '${seconds} seconds', seen_at = now() - interval '2 minutes',
           expires_at = now() + interval '${left} seconds' where ${newest}`,
      );
    const left = async (): Promise<number> => {
      const { json } = await ask(cookie, 'GET', '/api/session');
      return (Date.parse(String(json['expires_at'])) - Date.now()) / 1000;
    };
    await age(3600, 60);
    expect(await left(), 'used').to.be.within(43_100, 43_200);
    await age(longestSessionSeconds - 600, 60);
    expect(await left(), 'its longest time').to.be.within(500, 600);
    await age(3600, -1);
    expect((await ask(cookie, 'GET', '/api/session')).status, 'idle').to.equal(401);
  });

  it('ask no browser for a password in a frame or a script', async () => {
    const asked = async (dest: string) =>
      (await api.request('GET', '/admin/queues/', { headers: { 'sec-fetch-dest': dest } })).headers.get(
        'www-authenticate',
      );
    expect(await asked('document')).to.match(/^Basic/);
    for (const dest of ['iframe', 'empty']) expect(await asked(dest)).to.match(/^Bearer/);
  });
});

describe('sessions over https', () => {
  let api: TestApi;

  before(async () => {
    api = await openApi({ HOLDFAST_PUBLIC_URL: 'https://backups.example.org', HOLDFAST_RATE_SIGN_IN: '2' });
  });
  after(() => api.stop());

  it('have a cookie that no other host can set, and take changes from the public origin', async () => {
    const { account } = await api.tenant('ada');
    const token = await api.token(account, ['admin']);
    const { headers } = await api.request('POST', '/api/session', { body: { token } });
    const [set = ''] = headers.getSetCookie();
    expect(set).to.match(/^__Host-holdfast=.+; Path=\/; .*HttpOnly; Secure; SameSite=Strict$/);
    const cookie = set.split(';')[0] ?? '';
    const body = { token: { name: 'made', scopes: ['backups:read'] } };
    const change = (origin: string) => api.request('POST', '/api/tokens', { body, headers: { cookie, origin } });
    expect((await change('https://backups.example.org')).status).to.equal(201);
    expect((await change('https://example.org')).status).to.equal(403);
  });

  it('have few wrong tokens in a minute from one address, and the right one at any time', async () => {
    const wrong = async () => (await api.request('POST', '/api/session', { body: { token: 'wrong' } })).status;
    expect([await wrong(), await wrong(), await wrong()]).to.deep.equal([401, 401, 429]);
    const { account } = await api.tenant('eve');
    const token = await api.token(account, ['admin']);
    expect((await api.request('POST', '/api/session', { body: { token } })).status).to.equal(200);
  });
});
