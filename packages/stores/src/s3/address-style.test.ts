import { HoldfastError } from '@holdfast/shared/domain';
import { startS3, type TestS3 } from '@holdfast/testing/s3';
import { collect, contentOf, streamOf } from '@holdfast/testing/stores';
import { expect } from 'chai';
import { once } from 'node:events';
import { get } from 'node:http';
import { lookup } from 'node:dns';
import { connect, createServer, type AddressInfo, type LookupFunction, type Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { s3Destination, testSettings } from '../testing.ts';
import { openS3Store } from './index.ts';

const signal = new AbortController().signal;
const name = 's3.test';
/** As a resolver with a wildcard record answers, which this machine has not. */
const everythingHere: LookupFunction = (_name, options, callback) => lookup('127.0.0.1', options, callback);

/** Listens between client and server and writes down the head of each request as it went over the wire. */
async function startTap(port: number) {
  const seen: { method: string; path: string; host: string }[] = [];
  const sockets = new Set<Socket>();
  const tap = createServer((client) => {
    const server = connect(port, '127.0.0.1');
    for (const socket of [client, server]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
    }
    client.on('data', (bytes: Buffer) => {
      const [, method, path, head] =
        /^([A-Z]+) (\S+) HTTP\/1\.1\r\n([^]*?)\r\n\r\n/.exec(bytes.toString('latin1')) ?? [];
      const host = /^host: (.*)$/im.exec(head ?? '')?.[1]?.trim();
      if (method && path && host) seen.push({ method, path: path.split('?')[0] ?? '', host });
    });
    client.pipe(server).pipe(client);
  });
  await once(tap.listen(0, '127.0.0.1'), 'listening');
  return {
    port: (tap.address() as AddressInfo).port,
    seen,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      tap.close();
      await once(tap, 'close');
    },
  };
}

describe('path_style_endpoint', () => {
  let server: TestS3;
  let tap: Awaited<ReturnType<typeof startTap>>;
  beforeEach(async () => {
    server = await startS3({ virtualHosts: [name], dialect: { minPartSize: 1 } });
    tap = await startTap(server.port);
  });
  afterEach(async () => {
    await tap.stop();
    await server.stop();
  });

  const open = (pathStyle: boolean) =>
    openS3Store(
      s3Destination(server, { endpoint: `http://${name}:${tap.port}`, pathStyle, prefix: 'pre/' }),
      testSettings,
      { lookup: everythingHere, firstPart: 64 * 1024 },
    );

  /** Every kind of request that a store makes. */
  async function useAll(pathStyle: boolean): Promise<void> {
    const store = open(pathStyle);
    await store.put('small', streamOf(contentOf(100)), { signal });
    await store.put('large', streamOf(contentOf(300_000)), { signal });
    expect(await store.head('small')).to.include({ size: 100 });
    expect(await buffer(await store.get('large', { signal }))).to.have.length(300_000);
    expect(await collect(store.list(''))).to.have.length(2);
    await collect(store.listUploads(''));
    await store.delete('large');
    expect(await store.probe(signal)).to.deep.equal({ ok: true, problems: [] });
    await store.close();
  }

  it('true puts the bucket into the path of every request, and the host is the endpoint', async () => {
    await useAll(true);
    expect(tap.seen.length).to.be.above(12);
    for (const { method, path, host } of tap.seen) {
      expect(host, `${method} ${path}`).to.equal(`${name}:${tap.port}`);
      expect(path, method).to.match(/^\/backups(\/(pre\/.*)?)?$/);
    }
    expect(tap.seen.map(({ path }) => path)).to.include('/backups/pre/small');
  });

  it('false puts the bucket in front of the host of every request, and the path is the key', async () => {
    await useAll(false);
    expect(tap.seen.length).to.be.above(12);
    for (const { method, path, host } of tap.seen) {
      expect(host, `${method} ${path}`).to.equal(`backups.${name}:${tap.port}`);
      expect(path, method).to.match(/^\/(pre\/.*)?$/);
    }
    expect(tap.seen.map(({ path }) => path)).to.include('/pre/small');
  });

  for (const [pathStyle, host, path] of [
    [true, name, '/backups/pre/small'],
    [false, `backups.${name}`, '/pre/small'],
  ] as const) {
    it(`${pathStyle} makes links to http://${host}${path} that give the bytes without a header`, async () => {
      const store = open(pathStyle);
      await store.put('small', streamOf(contentOf(100)), { signal });
      const link = await store.link('small', { expiresInSeconds: 60, fileName: 'dump.zst' });
      await store.close();
      const url = new URL(link ?? '');
      expect([url.hostname, url.pathname]).to.deep.equal([host, path]);
      const bytes = await new Promise<Buffer>((resolve, reject) => {
        get(url, { lookup: everythingHere }, (response) => void buffer(response).then(resolve, reject)).on(
          'error',
          reject,
        );
      });
      expect(bytes).to.deep.equal(contentOf(100));
      expect(tap.seen.at(-1)).to.deep.equal({ method: 'GET', path, host: `${host}:${tap.port}` });
    });
  }

  it('false to an endpoint without such names says what is wrong', async () => {
    const store = openS3Store(
      s3Destination(server, { endpoint: `http://${name}:${tap.port}`, pathStyle: false }),
      testSettings,
      { lookup: (_name, _options, callback) => callback(Object.assign(new Error(), { code: 'ENOTFOUND' }), '') },
    );
    const { ok, problems } = await store.probe(signal);
    await store.close();
    expect(ok).to.equal(false);
    expect(problems[0])
      .to.match(/does not exist/)
      .and.not.include(HoldfastError.name);
  });
});
