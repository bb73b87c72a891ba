import { expect } from 'chai';
import { openApi, type Tenant, type TestApi } from '../harness.test.ts';

describe("the queues' board", () => {
  let api: TestApi;
  let ada: Tenant;
  let admin: string;

  before(async () => {
    api = await openApi();
    ada = await api.tenant('ada');
    admin = await api.token(ada.account, ['admin']);
  });
  after(() => api.stop());

  const basic = (password: string) => `Basic ${Buffer.from(`operator:${password}`).toString('base64')}`;
  const get = (path: string, authorization: string, headers = {}) =>
    api.request('GET', `/admin/queues${path}`, { headers: { authorization, ...headers } });

  it('asks a browser for credentials and takes only a token with the scope admin', async () => {
    for (const authorization of ['', 'Basic', 'Basic !!', basic('wrong'), basic(''), 'Bearer wrong']) {
      for (const path of ['', '/', '/api/queues', '/static/js/main.js']) {
        const answer = await get(path, authorization);
        expect(answer.status, `${authorization} ${path}`).to.equal(401);
        expect(answer.headers.get('www-authenticate')).to.match(/^Basic realm=/);
      }
    }
    for (const authorization of [basic(ada.token), `Bearer ${ada.token}`]) {
      expect((await get('', authorization)).status).to.equal(403);
    }
    for (const authorization of [basic(admin), `Bearer ${admin}`]) {
      expect((await get('', authorization)).status).to.equal(200);
    }
  });

  it('serves its page and its own assets under a policy that permits just those', async () => {
    const page = await get('/', basic(admin));
    expect(page.headers.get('content-type')).to.include('text/html');
    expect(page.headers.get('content-security-policy')).to.include("script-src 'self';").and.not.include('unsafe-eval');
    const assets = [...page.text.matchAll(/(?:src|href)="(static\/[^"]+)"/g)].map(([, path]) => path);
    expect(assets.length).to.be.at.least(2);
    for (const path of assets) expect((await get(`/${path}`, basic(admin))).status, path).to.equal(200);
    expect(page.headers.has('x-powered-by')).to.equal(false);
    const elsewhere = await api.request('GET', '/healthz');
    expect(elsewhere.headers.get('content-security-policy')).to.not.include('self');
  });

  it('shows the queues with the jobs that were rung', async () => {
    await api.request('POST', `/api/databases/${ada.database.id}/backups`, { token: ada.token });
    const { status, json } = await get('/api/queues', basic(admin));
    expect(status).to.equal(200);
    const queues = json['queues'] as { name: string; counts: Record<string, number> }[];
    expect(queues.map(({ name }) => name)).to.have.members(['backups', 'restores', 'verifications', 'maintenance']);
    expect(queues.find(({ name }) => name === 'backups')?.counts).to.include({ waiting: 1 });
  });

  it('takes changes from its own pages only', async () => {
    const change = (site: string) =>
      api.request('PUT', '/admin/queues/api/queues/backups/pause', {
        headers: { authorization: basic(admin), 'sec-fetch-site': site },
      });
    for (const site of ['cross-site', 'same-site']) expect((await change(site)).status, site).to.equal(403);
    expect((await change('same-origin')).status).to.equal(200);
  });
});
