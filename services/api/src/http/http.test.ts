import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { until } from '@holdfast/testing/until';
import { openApi, type Tenant, type TestApi } from '../harness.test.ts';
import { routes } from '../index.ts';
import { dialectOf } from '../routes/index.ts';

describe('http', () => {
  let api: TestApi;
  let ada: Tenant;

  before(async () => {
    api = await openApi();
    ada = await api.tenant('ada');
  });
  after(() => api.stop());

  const post = (path: string, raw: string, headers: Record<string, string>) =>
    api.request('POST', path, { token: ada.token, raw, headers });

  it('answers unknown paths 404 and wrong methods 405 with Allow, in the dialect of the path', async () => {
    const cases: [string, string, number, unknown, string | null][] = [
      ['GET', '/', 404, { error: 'This path does not exist.' }, null],
      ['GET', '/api/nothing', 404, { error: 'This path does not exist.' }, null],
      ['POST', '/api/backup-destinations/1/x', 404, { error: 'Not Found', message: 'This path does not exist.' }, null],
      ['DELETE', '/api/databases', 405, { error: 'This path allows only GET, HEAD, POST.' }, 'GET, HEAD, POST'],
      [
        'PATCH',
        '/api/backup-destinations',
        405,
        { error: 'Method Not Allowed', message: 'This path allows only GET, HEAD, POST.' },
        'GET, HEAD, POST',
      ],
      ['OPTIONS', '/api/backups/x', 405, { error: 'This path allows only GET, HEAD.' }, 'GET, HEAD'],
      ['GET', '/api/databases/%zz', 400, { error: 'The path is not valid.' }, null],
    ];
    for (const [method, path, status, body, allow] of cases) {
      const answer = await api.request(method, path);
      expect([answer.status, answer.json, answer.headers.get('allow')], `${method} ${path}`).to.deep.equal([
        status,
        body,
        allow,
      ]);
    }
  });

  it('refuses bodies that are too large, malformed or of another kind', async () => {
    const json = { 'content-type': 'application/json' };
    const cases: [string, Record<string, string>, number][] = [
      [`{"x":"${'x'.repeat(1024 * 1024)}"}`, json, 413],
      ['{"database":', json, 400],
      ['"text"', json, 400],
      ['null', json, 400],
      ['a=b', { 'content-type': 'application/x-www-form-urlencoded' }, 415],
      ['<a/>', { 'content-type': 'text/xml' }, 415],
      ['{}', { 'content-type': 'application/json; charset=latin9' }, 415],
      ['{}', { ...json, 'content-encoding': 'compress' }, 415],
      ['{}', { ...json, 'content-encoding': 'gzip' }, 400],
      ['[]', json, 422],
    ];
    for (const [raw, headers, status] of cases) {
      const answer = await post('/api/databases', raw, headers);
      expect(answer.status, JSON.stringify([raw.slice(0, 20), headers])).to.equal(status);
      expect(answer.json).to.have.all.keys(status === 422 ? 'errors' : 'error');
      // The parser's own messages quote the body.
      if (status === 400) expect(answer.json).to.deep.equal({ error: 'The request body cannot be read.' });
      const other = await post('/api/backup-destinations', raw, headers);
      if (status !== 415) expect(other.json).to.include.keys('message');
    }
  });

  it('answers as shortly when a body has thousands of things wrong with it', async () => {
    const options = Object.fromEntries(Array.from({ length: 5000 }, (_, n) => [`entry-${n}`, n]));
    const { status, text } = await post('/api/databases', JSON.stringify({ database: { options } }), {
      'content-type': 'application/json',
    });
    expect(status).to.equal(422);
    expect(text).to.include('and 4990 more');
    expect(text.length).to.be.below(2000);
  });

  it('refuses a body that is too large before it is sent', async () => {
    const { host } = new URL(api.url);
    const headers = { authorization: `Bearer ${ada.token}`, 'content-length': 200_000_000, host };
    const status = await new Promise((resolve, reject) => {
      const asked = httpRequest(`${api.url}/api/databases`, { method: 'POST', headers }, (answer) => {
        resolve(answer.statusCode);
        asked.destroy();
      });
      asked.on('error', reject).flushHeaders();
    });
    expect(status).to.equal(413);
  });

  it('refuses bodies that are not UTF-8 instead of keeping other characters than were sent', async () => {
    const body = (password: Buffer) =>
      Buffer.concat([
        Buffer.from(`{"database":{"name":"bytes","type":"postgresql","host":"127.0.0.1","user":"u","password":"`),
        password,
        Buffer.from('"}}'),
      ]);
    const sent = (password: Buffer) =>
      api.request('POST', '/api/databases', {
        token: ada.token,
        raw: new Uint8Array(body(password)),
        headers: { 'content-type': 'application/json' },
      });
    const latin = await sent(Buffer.from('pässword', 'latin1'));
    expect([latin.status, latin.json]).to.deep.equal([
      400,
      { error: 'The request body cannot be read: it is not UTF-8.' },
    ]);
    expect((await sent(Buffer.from('pässword'))).status).to.equal(201);
  });

  it('refuses what the path names before a word about the fields of the request', async () => {
    const id = '0199c0de-0000-7000-8000-000000000000';
    const wrong: [string, string, unknown][] = [
      ['PATCH', '/api/databases/none', { database: { port: 0 } }],
      ['PUT', '/api/databases/none', { database: { port: 0 } }],
      ['POST', '/api/databases/none/backups', []],
      ['POST', '/api/databases/none/schedules', {}],
      ['PATCH', `/api/databases/${ada.database.name}/schedules/${id}`, { cron: '' }],
      ['POST', `/api/databases/${ada.database.name}/backups/${id}/restore`, { files: [] }],
    ];
    for (const [method, path, body] of wrong) {
      const { status, json } = await api.request(method, path, { token: ada.token, body });
      expect(status, `${method} ${path}`).to.equal(404);
      expect(json).to.have.all.keys('error');
    }
  });

  it('says of lists how many entries they need', async () => {
    const path = `/api/databases/${ada.database.name}`;
    const field = 'periodic_backups_scheduled_at';
    const none = await api.request('PATCH', path, { token: ada.token, body: { database: { [field]: [] } } });
    expect(none.json).to.deep.equal({
      errors: { [field]: [`The ${field} field must have 1 or more entries.`] },
    });
  });

  it('asks for a token before it reads anything, and for the scope of the route', async () => {
    const tried = [
      '',
      'Bearer',
      'Bearer ',
      'Bearer x',
      `Basic ${ada.token}`,
      `Token ${ada.token}`,
      `Bearer ${ada.token}x`,
      'Bearer a b',
    ];
    for (const authorization of tried) {
      const answer = await api.request('POST', '/api/databases', { raw: '{', headers: { authorization } });
      expect(answer.status, authorization).to.equal(401);
      expect(answer.json).to.have.all.keys('error');
      expect(answer.headers.get('www-authenticate')).to.equal('Bearer realm="holdfast"');
    }
    const reader = await api.token(ada.account, ['databases:read']);
    const refused = await api.request('POST', '/api/databases', { token: reader, body: {} });
    expect([refused.status, refused.json]).to.deep.equal([
      403,
      { error: 'The token lacks the scope databases:write.' },
    ]);
    const admin = await api.token(ada.account, ['admin']);
    expect((await api.request('GET', '/api/databases', { token: admin })).status).to.equal(200);
    const lower = await api.request('GET', '/api/databases', { headers: { authorization: `bearer ${ada.token}` } });
    expect(lower.status).to.equal(200);
  });

  it('asks every route but the open ones for a token', async () => {
    const open = routes.filter(({ scope }) => scope === null).map(({ path }) => path);
    expect(open).to.deep.equal([
      '/healthz',
      '/readyz',
      '/api/databases/:db/backups/:id/download',
      '/api/session',
      '/api/remote/backups/:backup/manifest',
    ]);
    for (const { method, path, scope, dialect, answers } of routes) {
      if (scope === null) continue;
      const answer = await api.request(method, path.replaceAll(/:\w+/g, 'x'));
      expect(answer.status, `${method} ${path}`).to.equal(401);
      expect(dialectOf(path), path).to.equal(dialect);
      const powerless = await api.token(ada.account, []);
      // A token of an account is none of a remote server, and its form tells.
      const expected = scope === 'any' ? answers : scope === 'server' ? 400 : 403;
      const refused = await api.request(method, path.replaceAll(/:\w+/g, 'x'), { token: powerless });
      expect(refused.status, `${method} ${path}`).to.equal(expected);
    }
  });

  it('refuses tokens that have expired or were revoked', async () => {
    const { accounts } = api.deps.persistence;
    const wanted = { name: 't', scopes: ['databases:read' as const] };
    const old = await accounts.createToken(ada.account.id, { ...wanted, expiresAt: new Date(Date.now() - 1000) });
    const gone = await accounts.createToken(ada.account.id, { ...wanted, expiresAt: null });
    await accounts.revokeToken(ada.account.id, gone.token.id, 'none');
    for (const { secret } of [old, gone]) {
      expect((await api.request('GET', '/api/databases', { token: secret.reveal() })).status).to.equal(401);
    }
  });

  it("gives every answer a request id, the client's own where it is sane, and logs it", async () => {
    const sane = await api.request('GET', '/api/databases', {
      token: ada.token,
      headers: { 'x-request-id': 'abc:1.2-3_Z' },
    });
    expect(sane.headers.get('x-request-id')).to.equal('abc:1.2-3_Z');
    await until('the condition', 15, () => api.logged().includes('"requestId":"abc:1.2-3_Z"'));
    for (const strange of ['', 'a b', 'x'.repeat(129), '<script>', '{"a":1}']) {
      const answer = await api.request('GET', '/nowhere', { headers: { 'x-request-id': strange } });
      expect(answer.headers.get('x-request-id'), strange).to.match(/^[0-9a-f-]{36}$/);
    }
    expect((await api.request('GET', '/healthz')).headers.get('x-request-id')).to.match(/^[0-9a-f-]{36}$/);
  });

  it('answers what is no HTTP with JSON and a request id too', async () => {
    const { port } = new URL(api.url);
    const answerTo = (raw: string) =>
      new Promise<string>((resolve, reject) => {
        const socket = connect(Number(port), '127.0.0.1');
        let answer = '';
        socket.on('data', (chunk) => (answer += chunk.toString()));
        socket.on('close', () => resolve(answer)).on('error', reject);
        socket.write(raw);
      });
    const chunked = `Host: x\r\nAuthorization: Bearer ${ada.token}\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n`;
    const cases: [string, number][] = [
      ['GARBAGE\r\n\r\n', 400],
      [`GET / HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`, 431],
      [`POST /api/databases HTTP/1.1\r\n${chunked}`, 400],
    ];
    for (const [raw, status] of cases) {
      const [head = '', body = ''] = (await answerTo(raw)).split('\r\n\r\n');
      expect(head.split(' ')[1], raw.slice(0, 20)).to.equal(String(status));
      expect(JSON.parse(body)).to.have.all.keys('error');
      const [, id = ''] = /^X-Request-Id: (.*)$/im.exec(head) ?? [];
      expect(api.logged()).to.include(`"requestId":"${id}"`).and.not.include(ada.token);
      expect(id).to.match(/^[0-9a-f-]{36}$/);
    }
  });

  it('sends strict headers and never names its framework', async () => {
    for (const path of ['/healthz', '/nowhere', '/api/databases', '/admin/queues']) {
      const { headers } = await api.request('GET', path);
      expect(headers.has('x-powered-by'), path).to.equal(false);
      expect(headers.get('content-security-policy'), path).to.match(/^default-src 'none'/);
      expect(headers.get('x-content-type-options')).to.equal('nosniff');
    }
    const { headers } = await api.request('GET', '/api/databases', { token: ada.token });
    expect(headers.get('cache-control')).to.equal('private, no-store');
  });

  it('never answers a POST with a redirect', async () => {
    for (const path of ['/api/databases/', '//api/databases', '/api/databases/x/backups/', '/admin/queues', '/admin']) {
      const { status } = await api.request('POST', path, { token: ada.token, body: {} });
      expect(status, path).to.satisfy((code: number) => code < 300 || code >= 400);
    }
  });

  it('answers failures of its own with the request id alone, and logs the reason', async () => {
    const reason = 'relation "secret_internals" does not exist';
    const failing = {
      ...api.deps.persistence.databases,
      list: () => Promise.reject(Object.assign(new Error(reason), { parameters: ['p4rameter'] })),
    };
    const broken = await openApi({}, {});
    try {
      const { token } = await broken.tenant('eve');
      broken.deps.persistence.databases = failing;
      const answer = await broken.request('GET', '/api/databases', { token, headers: { 'x-request-id': 'req-500' } });
      expect([answer.status, answer.json]).to.deep.equal([
        500,
        { error: 'An unexpected error happened; the service log has the details. (request req-500)' },
      ]);
      expect(broken.logged())
        .to.include('secret_internals')
        .and.include('"requestId":"req-500"')
        .and.not.include('p4rameter');
    } finally {
      await broken.stop();
    }
  });

  it('answers /readyz and /healthz without a token', async () => {
    expect((await api.request('GET', '/healthz')).json).to.deep.equal({ ok: true });
    const ready = await api.request('GET', '/readyz');
    const report = { ok: true, state: 'running', checks: { database: 'ok', queue: 'ok' } };
    expect([ready.status, ready.json]).to.deep.equal([200, report]);
  });

  it('answers 503 and when to try again when its database breaks off in the middle', async () => {
    const { token } = await api.tenant('frank');
    const { databases } = api.deps.persistence;
    const list = databases.list.bind(databases);
    databases.list = async () => {
      databases.list = list;
      throw new Error('Connection terminated unexpectedly');
    };
    const { status, headers, text } = await api.request('GET', '/api/databases', { token });
    expect([status, headers.get('retry-after')]).to.deep.equal([503, '5']);
    expect(text).to.contain('try again').and.not.contain('terminat');
    expect((await api.request('GET', '/api/databases', { token })).status).to.equal(200);
  });

  it('lets running requests end when it stops, takes no new ones, and cuts off what takes too long', async () => {
    const gate = Promise.withResolvers<void>();
    const stopping = await openApi({ HOLDFAST_GRACE_SECONDS: '2' });
    const { token } = await stopping.tenant('eve');
    const { databases } = stopping.deps.persistence;
    const list = databases.list.bind(databases);
    let entered = false;
    databases.list = async (account) => {
      entered = true;
      await gate.promise;
      return list(account);
    };
    const running = stopping.request('GET', '/api/databases', { token });
    const { port } = new URL(stopping.url);
    const idle = connect(Number(port), '127.0.0.1');
    const half = httpRequest(`${stopping.url}/api/databases`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-length': 10 },
    });
    const cut = new Promise((resolve) => {
      half.on('error', resolve);
    });
    half.write('{');
    await until('the condition', 15, () => entered);
    const started = Date.now();
    const stopped = stopping.stop();
    await delay(100);
    gate.resolve();
    expect((await running).status).to.equal(200);
    await cut;
    await stopped;
    idle.destroy();
    expect(Date.now() - started).to.be.lessThan(10_000);
    const refused = await fetch(`${stopping.url}/healthz`).catch((error: unknown) => error);
    expect(refused).to.be.instanceOf(Error);
  });
});
