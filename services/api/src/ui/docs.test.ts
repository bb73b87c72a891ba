import { expect } from 'chai';
import { openApi, type Tenant, type TestApi } from '../harness.test.ts';

describe('the documentation page', () => {
  let api: TestApi;
  let ada: Tenant;

  before(async () => {
    api = await openApi();
    ada = await api.tenant('ada');
  });
  after(() => api.stop());

  const get = (path: string, password = ada.token) => {
    const credentials = Buffer.from(`anybody:${password}`).toString('base64');
    return api.request('GET', path, { headers: { authorization: `Basic ${credentials}` } });
  };

  it('is shown to any valid token and to nobody else', async () => {
    const powerless = await api.token(ada.account, []);
    expect((await get('/docs', powerless)).status).to.equal(200);
    expect((await api.request('GET', '/docs', { token: powerless })).status).to.equal(200);
    for (const path of ['/docs', '/docs/', '/docs/initializer.js', '/docs/swagger-ui-bundle.js', '/docs/nothing']) {
      for (const answer of [await api.request('GET', path), await get(path, 'wrong')]) {
        expect(answer.status, path).to.equal(401);
        expect(answer.headers.get('www-authenticate')).to.match(/^Basic realm=/);
      }
    }
  });

  it('consists of scripts, styles and images of this service, under a policy that permits just those', async () => {
    const page = await get('/docs');
    expect(page.headers.get('content-type')).to.include('text/html');
    const policy = page.headers.get('content-security-policy') ?? '';
    expect(policy).to.include("default-src 'none'").and.include("script-src 'self'").and.include("style-src 'self'");
    expect(policy).to.not.include('unsafe').and.not.include('http');
    const used = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path = '']) => path);
    const types: Record<string, RegExp> = { js: /^text\/javascript/, css: /^text\/css/, png: /^image\/png/ };
    expect(used.map((path) => path.split('.').at(-1))).to.have.members(['css', 'js', 'js', 'png']);
    for (const path of used) {
      const file = await get(path);
      expect(file.status, path).to.equal(200);
      expect(file.headers.get('content-type'), path).to.match(types[path.split('.').at(-1) ?? ''] ?? /^$/);
      expect(file.headers.get('x-content-type-options')).to.equal('nosniff');
    }
    // A script or style within the page would be blocked.
    expect(page.text).to.not.match(/<script(?![^>]*src=)|<style|\son\w+=|\sstyle=/);
  });

  it('reads the document from this service, and sends it to no other', async () => {
    const { text } = await get('/docs/initializer.js');
    expect(text).to.include('url: `${location.origin}/openapi.json`').and.include('validatorUrl: null');
    expect(text).to.not.match(/https?:/);
  });

  it('answers wrong methods 405 with Allow', async () => {
    for (const path of ['/docs', '/docs/', '/docs/initializer.js']) {
      for (const method of ['POST', 'DELETE', 'OPTIONS']) {
        const answer = await api.request(method, path, { token: ada.token });
        expect([answer.status, answer.headers.get('allow'), answer.json], `${method} ${path}`).to.deep.equal([
          405,
          'GET, HEAD',
          { error: 'This path allows only GET, HEAD.' },
        ]);
      }
    }
  });

  it('has no other file than those that it needs', async () => {
    for (const path of ['/docs/index.html', '/docs/package.json', '/docs/%2e%2e/docs.ts', '/docs/swagger-ui.js']) {
      expect((await get(path)).status, path).to.equal(404);
    }
  });
});
