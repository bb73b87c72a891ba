import { setTimeout as delay } from 'node:timers/promises';
import { buffer } from 'node:stream/consumers';
import { HoldfastError, type ErrorCode, type ObjectStore } from '@holdfast/shared/domain';
import { startS3, type Dialect, type Effect, type TestS3 } from '@holdfast/testing/s3';
import { contentOf, failureOf, streamOf } from '@holdfast/testing/stores';
import { until } from '@holdfast/testing/until';
import { expect } from 'chai';
import { s3Destination, testSettings } from '../testing.ts';
import { openS3Store } from './index.ts';

const signal = new AbortController().signal;
const content = contentOf(900_000);
const quick = {
  idleTimeoutMs: 300,
  requestAttempts: 2,
  pauses: { baseSeconds: 0.02, capSeconds: 0.05 },
  furtherTrials: 2,
};

describe('a read from S3 whose connection breaks', () => {
  let server: TestS3;
  let store: ObjectStore;

  const use = async (dialect: Partial<Dialect> = {}, patienceSeconds = 10): Promise<void> => {
    server = await startS3({ dialect });
    store = openS3Store(s3Destination(server), { ...testSettings, patienceSeconds }, quick);
    await store.put('dump', streamOf(content), { signal });
  };
  afterEach(async () => {
    await store.close();
    await server.stop();
  });
  const read = async (range?: { start: number; end: number }): Promise<Buffer> =>
    buffer(await store.get('dump', { signal, range }));
  const breakOff = (bytes: number, times = Infinity, from = 1): void =>
    server.faults.add({ kind: 'getObject', effect: { type: 'cutBody', bytes }, times, from });
  /** Reads an object that is replaced between two connections. */
  const readWhileReplaced = async (next: Buffer): Promise<unknown> => {
    breakOff(100_000, 1);
    server.faults.add({ kind: 'getObject', effect: { type: 'answer', status: 503, code: 'SlowDown' }, from: 2 });
    const work = failureOf(read());
    await until('the rest to be asked for', 15, () => (server.requests.getObject ?? 0) > 1);
    const other = openS3Store(s3Destination(server), testSettings);
    await other.put('dump', streamOf(next), { signal });
    await other.close();
    server.faults.clear();
    return await work;
  };

  const breaks: [string, Effect, number][] = [
    ['breaks off again and again', { type: 'cutBody', bytes: 100_000 }, Infinity],
    ['breaks off before the first byte', { type: 'cutBody', bytes: 0 }, 2],
    ['stalls', { type: 'stallBody', bytes: 100_000 }, 2],
  ];
  for (const [what, effect, times] of breaks) {
    it(`goes on where it ${what}, and has every byte once`, async () => {
      await use();
      server.faults.add({ kind: 'getObject', effect, times });
      expect((await read()).equals(content)).to.equal(true);
      expect(server.requests.getObject).to.be.above(times === Infinity ? 8 : times);
    });
  }

  it('goes on inside a range that was asked for', async () => {
    await use();
    breakOff(1000, 3);
    const [start, end] = [5000, 20_000];
    expect((await read({ start, end })).equals(content.subarray(start, end + 1))).to.equal(true);
  });

  const changes: [string, Buffer][] = [
    ['of the same length', contentOf(content.length, 9)],
    ['that is shorter than what came', contentOf(10)],
  ];
  for (const [what, next] of changes) {
    it(`fails with integrity, never with a mixture, when the object was replaced by one ${what}`, async () => {
      await use();
      expect(await readWhileReplaced(next)).to.include({ code: 'integrity' });
    });
  }

  it('fails with integrity when the object was replaced and the store does not know If-Match', async () => {
    await use({ ignoresConditions: true });
    expect(await readWhileReplaced(contentOf(content.length, 9))).to.include({ code: 'integrity' });
  });

  it('fails when the store does not know ranges, rather than take the beginning for the rest', async () => {
    await use({ ignoresRanges: true });
    breakOff(100_000, 1);
    expect(await failureOf(read())).to.include({ code: 'store_failed' });
    expect(await failureOf(read({ start: 10, end: 20 }))).to.include({ code: 'store_failed' });
  });

  it('fails as it broke when the store gave no tag that could tell the object from another', async () => {
    await use();
    server.faults.add({ kind: 'getObject', effect: { type: 'noEtag' } });
    const stream = await store.get('dump', { signal });
    server.faults.clear();
    await server.restart();
    expect(await failureOf(buffer(stream))).to.include({ code: 'store_unreachable' });
    expect(server.requests.getObject).to.equal(1);
  });

  const endings: [string, Effect, ErrorCode][] = [
    ['is denied', { type: 'answer', status: 403, code: 'AccessDenied' }, 'store_denied'],
    ['says that the object is gone', { type: 'answer', status: 404, code: 'NoSuchKey' }, 'object_missing'],
  ];
  for (const [what, effect, code] of endings) {
    it(`ends at once when going on ${what}`, async () => {
      await use();
      breakOff(100_000, 1);
      const stream = await store.get('dump', { signal });
      server.faults.clear();
      server.faults.add({ kind: 'getObject', effect });
      expect(await failureOf(buffer(stream))).to.include({ code });
      expect(server.requests.getObject).to.equal(2);
    });
  }

  it('ends when no byte came for as long as the patience, and says since when', async () => {
    await use({}, 0.4);
    breakOff(100_000, 1);
    server.faults.add({ kind: 'getObject', effect: { type: 'cutBody', bytes: 0 }, from: 2 });
    const error = (await failureOf(read())) as HoldfastError;
    expect(error).to.include({ code: 'store_unreachable' });
    expect(error.message).to.match(/away since \d{4}-.*Z, for longer than the 0.4 seconds/);
  });

  it('ends at once with the reason when it is aborted while the store is away', async () => {
    await use();
    breakOff(100_000);
    const controller = new AbortController();
    const stream = await store.get('dump', { signal: controller.signal });
    await server.pause();
    const work = failureOf(buffer(stream));
    await delay(300);
    const reason = new HoldfastError('cancelled');
    controller.abort(reason);
    const begun = performance.now();
    expect(await work).to.equal(reason);
    expect(performance.now() - begun).to.be.below(10_000);
  });

  it('asks for nothing more once nobody reads', async () => {
    await use();
    breakOff(100_000);
    const stream = await store.get('dump', { signal });
    await stream[Symbol.asyncIterator]().next();
    await server.pause();
    await delay(100);
    stream.destroy();
    const asked = server.requests.getObject;
    await server.resume();
    await delay(300);
    expect(server.requests.getObject).to.equal(asked);
  });
});
