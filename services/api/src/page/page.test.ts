import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import express from 'express';
import { openApi, type TestApi } from '../harness.test.ts';
import { servePage } from './serve.ts';

const revalidated = { 'cache-control': 'max-age=0' };
const html = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

describe('the web page', () => {
  let root: string;
  let server: Server;
  let url: string;

  before(async () => {
    root = mkdtempSync(join(tmpdir(), 'holdfast-page-'));
    const app = express()
      .disable('etag')
      .use(servePage(root, new Set(['api', 'v1'])));
    app.use((_request, response) => void response.status(404).json({ error: 'none' }));
    server = createServer(app);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => {
    server.closeAllConnections();
    server.close();
    rmSync(root, { recursive: true, force: true });
  });

  const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
    fetch(`${url}${path}`, { headers, method });

  it('says how it is built where it is not, and is there as soon as it is', async () => {
    const missing = await get('/databases/x', html);
    expect([missing.status, missing.headers.get('content-type')]).to.deep.equal([503, 'text/plain; charset=utf-8']);
    expect(await missing.text()).to.include('is not built: run "npm start"');
    mkdirSync(join(root, 'assets'));
    writeFileSync(join(root, 'index.html'), '<!doctype html><title>Holdfast</title>');
    writeFileSync(join(root, 'assets', 'main-abc.js'), 'export const a = 1;\n'.repeat(1000));
    expect((await get('/', html)).status).to.equal(200);
  });

  it('begins at each of its paths for whoever navigates, and never in the place of an answer of the API', async () => {
    for (const path of ['/', '/sign-in', '/databases/0199c0de/backups/1', '/no/such/page']) {
      const page = await get(path, html);
      expect([page.status, page.headers.get('content-type')], path).to.deep.equal([200, 'text/html; charset=utf-8']);
      expect(page.headers.get('cache-control')).to.equal('no-cache');
    }
    const others = [
      ['/api/nothing', html],
      ['/v1', html],
      ['/databases', { accept: 'application/json' }],
      ['/assets/gone-123.js', html],
      ['/../package.json', {}],
      ['/%2e%2e/package.json', {}],
    ] as const;
    for (const [path, headers] of others) expect((await get(path, headers)).status, path).to.equal(404);
    expect((await get('/', html, 'POST')).status).to.equal(404);
  });

  it('may run scripts and styles of its own files alone, and is shown in no frame', async () => {
    const policy = (await get('/', html)).headers.get('content-security-policy') ?? '';
    for (const part of [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "connect-src 'self'",
      "img-src 'self' data:",
      "frame-src 'self'",
      "frame-ancestors 'none'",
    ]) {
      expect(policy.split(';')).to.include(part);
    }
    expect(policy).to.not.include('unsafe');
  });

  it('is sent compressed, once for each state of its files', async () => {
    const [br, gzip, plain] = await Promise.all(
      ['br', 'gzip', 'identity'].map((encoding) => get('/assets/main-abc.js', { 'accept-encoding': encoding })),
    );
    const length = (answer: Response | undefined) => Number(answer?.headers.get('content-length'));
    expect(br?.headers.get('content-encoding')).to.equal('br');
    expect(gzip?.headers.get('content-encoding')).to.equal('gzip');
    expect(plain?.headers.has('content-encoding')).to.equal(false);
    expect(length(plain)).to.equal(20_000);
    expect(length(br)).to.be.below(500);
    expect(await br?.text()).to.equal(await plain?.text());
    expect(br?.headers.get('cache-control')).to.equal('public, max-age=31536000, immutable');
    const head = await get('/assets/main-abc.js', {}, 'HEAD');
    expect([head.status, await head.text()]).to.deep.equal([200, '']);
    const { headers } = await get('/', html);
    const fresh = await get('/', { ...html, ...revalidated, 'if-none-match': headers.get('etag') ?? '' });
    expect([fresh.status, await fresh.text()]).to.deep.equal([304, '']);
  });
});

describe('the web page of the service', () => {
  let api: TestApi;

  before(async () => {
    api = await openApi();
  });
  after(() => api.stop());

  it('leaves the paths of the API to the API', async () => {
    for (const path of ['/api/nothing', '/v1/nothing', '/healthz', '/docs', '/admin/queues', '/openapi.json']) {
      const { headers } = await api.request('GET', path, { headers: html });
      expect(headers.get('content-type'), path).to.include('application/json');
    }
    const home = await fetch(api.url, { headers: html });
    expect(home.headers.get('content-type')).to.match(/^text\/(html|plain)/);
    expect(home.headers.has('x-request-id')).to.equal(true);
  });

  it('may show the board in a frame, and nobody else may', async () => {
    const { headers } = await api.request('GET', '/admin/queues');
    expect(headers.get('content-security-policy')).to.include("frame-ancestors 'self'");
  });
});
