import { expect } from 'chai';
import { systemClock } from '@holdfast/shared/lifecycle';
import { openApi, type Asked, type Tenant, type TestApi } from '../harness.test.ts';
import { startApi } from '../server.ts';

const wrong = `hf_${'x'.repeat(43)}`;

describe('rate limits', () => {
  let api: TestApi;
  let ada: Tenant;
  let ahead = 0;

  const clock = { now: () => new Date(systemClock.now().getTime() + ahead) };
  const open = async (environment: Record<string, string>): Promise<void> => {
    api = await openApi(environment, { clock });
    ada = await api.tenant('ada');
  };
  beforeEach(() => {
    ahead = 0;
  });
  afterEach(() => api.stop());

  const get = (path: string, asked?: Asked) => api.request('GET', path, asked);
  const account = (token = ada.token) => get('/api/account', { token });
  const statuses = async (count: number, ask: () => Promise<{ status: number }>): Promise<number[]> => {
    const seen: number[] = [];
    for (let n = 0; n < count; n += 1) seen.push((await ask()).status);
    return seen;
  };
  const endWindow = async (): Promise<void> => {
    await api.own.query('update holdfast.request_rates set resets_at = now()');
    ahead += 61_000;
  };

  it('hold back an address before it is known who calls, in the shape of each dialect, until the window ends', async () => {
    await open({ HOLDFAST_RATE_PER_ADDRESS: '4' });
    expect(await statuses(4, () => account())).to.deep.equal([200, 200, 200, 200]);
    const excess = 'There were too many requests from this address. Wait as long as Retry-After says.';
    const shapes: [string, unknown][] = [
      ['/api/account', { error: excess }],
      ['/nowhere', { error: excess }],
      ['/api/backup-destinations', { error: 'Too Many Requests', message: excess }],
      ['/api/remote/backups/x', { errors: [{ code: 'TooManyRequestsHttpException', status: '429', detail: excess }] }],
    ];
    for (const [path, body] of shapes) {
      const { status, json, headers } = await get(path, { token: ada.token });
      expect([status, json], path).to.deep.equal([429, body]);
      expect(Number(headers.get('retry-after'))).to.be.within(1, 60);
      expect(headers.get('ratelimit')).to.match(/^"address"; r=0; t=\d+$/);
      expect(headers.get('cache-control')).to.equal('private, no-store');
      expect(headers.get('content-security-policy')).to.match(/^default-src 'none'/);
      expect(headers.has('x-powered-by')).to.equal(false);
      expect(headers.get('ratelimit-policy')).to.match(/^"address"; q=4; w=60; pk=:[\w+/=]+:$/);
    }
    expect((await get('/healthz')).status).to.equal(200);
    expect((await get('/readyz')).headers.has('ratelimit')).to.equal(false);
    await endWindow();
    expect((await account()).status).to.equal(200);
  });

  it('hold back each token alone, whatever it may do, and tell it what is left', async () => {
    await open({ HOLDFAST_RATE_PER_TOKEN: '3' });
    const reader = await api.token(ada.account, ['backups:read']);
    const first = await account();
    expect(first.headers.get('ratelimit')).to.match(/^"address"; r=\d+; t=\d+, "token"; r=2; t=60$/);
    expect(await statuses(3, () => account())).to.deep.equal([200, 200, 429]);
    const denied = await statuses(4, () => get('/api/databases', { token: reader }));
    expect(denied).to.deep.equal([403, 403, 403, 429]);
    expect((await account()).json).to.deep.equal({
      error: 'There were too many requests with this token. Wait as long as Retry-After says.',
    });
  });

  it("hold back remote servers' tokens too", async () => {
    await open({ HOLDFAST_RATE_PER_TOKEN: '2' });
    const made = await api.deps.persistence.servers.create(ada.account.id, 'node');
    if (made === 'name_taken') throw new Error('The name is taken.');
    const ask = () => get('/api/remote/backups/x?size=1', { token: made.token.reveal() });
    expect(await statuses(3, ask)).to.deep.equal([404, 404, 429]);
    expect((await account()).status).to.equal(200);
  });

  it('let whoever sends refused tokens wait, and never a valid one from the same address', async () => {
    await open({ HOLDFAST_RATE_REFUSED: '3' });
    const refused = [
      await account(wrong),
      await get('/api/remote/backups/x?size=1', { token: `${'a'.repeat(16)}.${'b'.repeat(64)}` }),
      await get('/admin/queues', { headers: { authorization: `Basic ${btoa(`x:${wrong}`)}` } }),
    ];
    expect(refused.map(({ status }) => status)).to.deep.equal([401, 403, 401]);
    const { status, json, headers } = await account(wrong);
    expect([status, json]).to.deep.equal([
      429,
      {
        error:
          'There were too many requests without a valid token from this address. Wait as long as Retry-After says.',
      },
    ]);
    expect(Number(headers.get('retry-after'))).to.be.within(1, 60);
    expect((await get('/admin/queues')).status).to.equal(429);
    expect((await account()).status).to.equal(200);
    expect((await get('/healthz')).status).to.equal(200);
    await endWindow();
    expect((await account(wrong)).status).to.equal(401);
  });

  it('do not count a valid token that lacks a scope as refused', async () => {
    await open({ HOLDFAST_RATE_REFUSED: '2' });
    const powerless = await api.token(ada.account, []);
    const ask = () => get('/api/databases', { token: powerless });
    expect(await statuses(4, ask)).to.deep.equal([403, 403, 403, 403]);
    expect((await account()).status).to.equal(200);
  });

  it('do not turn a flood of requests into a flood of statements', async () => {
    await open({ HOLDFAST_RATE_PER_ADDRESS: '5' });
    const { requestRates } = api.deps.persistence;
    const count = requestRates.count.bind(requestRates);
    let counted = 0;
    requestRates.count = (...of) => {
      counted += 1;
      return count(...of);
    };
    const seen = await statuses(40, () => get('/nowhere'));
    expect(seen.filter((status) => status === 429)).to.have.length(35);
    expect(counted).to.equal(5);
  });

  it('are shared by all processes of the API', async () => {
    await open({ HOLDFAST_RATE_PER_TOKEN: '6', HOLDFAST_RATE_REFUSED: '4' });
    const second = await startApi(api.deps);
    try {
      const both = [api.url, second.url, second.url, api.url, second.url, api.url, api.url, second.url];
      const ask = async (url: string, token: string): Promise<number> =>
        (await fetch(`${url}/api/account`, { headers: { authorization: `Bearer ${token}` } })).status;
      const seen: number[] = [];
      for (const url of both) seen.push(await ask(url, ada.token));
      expect(seen).to.deep.equal([200, 200, 200, 200, 200, 200, 429, 429]);
      const refused: number[] = [];
      for (const url of both) refused.push(await ask(url, wrong));
      expect(refused).to.deep.equal([401, 401, 401, 401, 429, 429, 429, 429]);
    } finally {
      await second.stop();
    }
  });

  it('keep no token in their keys', async () => {
    await open({});
    await account();
    await account(wrong);
    const rows = await api.own.query('select key from holdfast.request_rates');
    const keys = rows.map(({ key }) => String(key)).join(' ');
    expect(keys)
      .to.match(/token:[0-9a-f-]{36}/)
      .and.include('address:127.0.0.1')
      .and.include('refused:127.0.0.1');
    expect(keys).to.not.include(ada.token).and.not.include(wrong);
    expect(api.logged()).to.not.include('ERR_ERL');
  });

  it('believe nobody about the address of a client, unless told to', async () => {
    await open({ HOLDFAST_RATE_PER_ADDRESS: '2' });
    let n = 0;
    const ask = () => get('/nowhere', { headers: { 'x-forwarded-for': `203.0.113.${(n += 1)}` } });
    expect(await statuses(4, ask)).to.deep.equal([404, 404, 429, 429]);
    expect(api.logged()).to.include('"remoteAddress":"127.0.0.1"').and.not.include('203.0.113');
    expect(api.logged()).to.not.include('ERR_ERL');
  });

  it('believe the proxies that are trusted, and none behind these', async () => {
    await open({ HOLDFAST_RATE_PER_ADDRESS: '2', HOLDFAST_TRUSTED_PROXIES: '127.0.0.0/8,fd00::/8' });
    const from = (header: string) => () => get('/nowhere', { headers: { 'x-forwarded-for': header } });
    expect(await statuses(3, from('203.0.113.1'))).to.deep.equal([404, 404, 429]);
    expect(await statuses(1, from('203.0.113.2'))).to.deep.equal([404]);
    // What the client itself puts in front changes nothing.
    expect(await statuses(2, from('198.51.100.9, 203.0.113.2, fd00::1'))).to.deep.equal([404, 429]);
    expect(await statuses(2, from('2001:db8:1:1::1'))).to.deep.equal([404, 404]);
    expect(await statuses(1, from('2001:db8:1:ff::2')), 'the same /56').to.deep.equal([429]);
    expect(await statuses(1, from('2001:db8:1:100::1')), 'another /56').to.deep.equal([404]);
    const nonsense = [await from('unknown')(), await from('203.0.113.9:80')(), await from('<x>')()];
    expect(nonsense.map(({ status }) => status)).to.deep.equal([404, 404, 429]);
    expect(api.logged()).to.include('"remoteAddress":"203.0.113.2"');
    expect(api.logged()).to.not.include('ERR_ERL');
  });

  it('fail with the database', async () => {
    await open({});
    api.deps.persistence.requestRates.count = () => Promise.reject(new Error('connection refused'));
    const { status, json } = await account();
    expect(status).to.equal(500);
    expect(json).to.have.all.keys('error');
    expect((await get('/healthz')).status).to.equal(200);
  });
});
