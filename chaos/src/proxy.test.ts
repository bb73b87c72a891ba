import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { until } from '@holdfast/testing/until';
import { Proxy } from './proxy.ts';

describe('the proxy of the campaign', () => {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.pipe(socket);
  });
  let proxy: Proxy;
  let client: Socket;

  before(async () => {
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    proxy = await Proxy.start('echo', (server.address() as AddressInfo).port);
  });
  beforeEach(async () => {
    client = connect({ port: proxy.port, host: '127.0.0.1', allowHalfOpen: true });
    client.on('error', () => undefined);
    await once(client, 'connect');
    await echo('hello');
  });
  afterEach(() => {
    proxy.heal();
    client.destroy();
  });
  after(async () => {
    await proxy.stop();
    server.close();
  });

  /** @returns milliseconds until the answer came */
  async function echo(text: string): Promise<number> {
    const begun = performance.now();
    client.write(text);
    let heard = '';
    while (heard.length < text.length) heard += String((await once(client, 'data'))[0]);
    expect(heard).to.equal(text);
    return performance.now() - begun;
  }

  it('delays each direction', async () => {
    proxy.disturb({ type: 'delay', ms: 60 });
    expect(await echo('slowly')).to.be.above(100);
    proxy.heal();
    expect(await echo('quickly')).to.be.below(100);
  });

  it('throttles, and keeps the bytes in their order', async () => {
    proxy.disturb({ type: 'throttle', bytesPerSecond: 100_000 });
    const text = Array.from({ length: 2000 }, (_, index) => `line ${index}\n`).join('');
    expect(await echo(text)).to.be.above(300);
  });

  it('lets nothing through while it is frozen, and everything afterwards', async () => {
    proxy.disturb({ type: 'freeze' });
    const answer = echo('later');
    expect(await Promise.race([answer, delay(100, 'nothing')])).to.equal('nothing');
    proxy.heal();
    expect(await answer).to.be.above(90);
  });

  it('resets', async () => {
    const reset = once(client, 'error');
    proxy.reset();
    expect((await reset)[0]).to.include({ code: 'ECONNRESET' });
  });

  it('closes one direction only, until it is healed', async () => {
    client.resume();
    const ended = once(client, 'end');
    const heal = proxy.halfClose('client');
    await ended;
    expect(client.writable).to.equal(true);
    expect(proxy.connections).to.equal(1);
    heal();
    await until('the connection to be gone', 15, () => proxy.connections === 0);
  });
});
