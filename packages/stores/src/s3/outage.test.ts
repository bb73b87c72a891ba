import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { HoldfastError, type ObjectStore } from '@holdfast/shared/domain';
import {
  startS3,
  startS3Process,
  type Dialect,
  type Effect,
  type RequestKind,
  type S3Process,
} from '@holdfast/testing/s3';
import { contentOf, failureOf, stallingAfter, streamOf } from '@holdfast/testing/stores';
import { until } from '@holdfast/testing/until';
import { expect } from 'chai';
import { s3Destination, testSettings } from '../testing.ts';
import { openS3Store } from './index.ts';
import type { S3Options } from './options.ts';

const part = 5 * 1024 * 1024;
const concurrency = testSettings.partConcurrency;
const signal = new AbortController().signal;
const quick = { idleTimeoutMs: 700, connectTimeoutMs: 700, pauses: { baseSeconds: 0.1, capSeconds: 0.5 } };

describe('a store that goes away in the middle', () => {
  describe('as a process that is ended, or answers nothing, for some seconds', () => {
    let server: S3Process;
    let store: ObjectStore;
    let given: number;
    before(async () => {
      server = await startS3Process();
      store = openS3Store(
        s3Destination(server),
        { ...testSettings, patienceSeconds: 20 },
        { ...quick, firstPart: part },
      );
    });
    after(async () => {
      await store.close();
      await server.kill();
    });

    const content = contentOf(part);
    const parts = 20;
    /** Counts what is taken from it. */
    const body = (): Readable => {
      given = 0;
      return Readable.from(
        (function* () {
          for (let sent = 0; sent < parts; sent += 1) {
            for (let start = 0; start < part; start += 65_536) {
              const chunk = content.subarray(start, start + 65_536);
              given += chunk.length;
              yield chunk;
            }
          }
        })(),
        { objectMode: false },
      );
    };

    const outages: [string, () => Promise<void> | void, () => Promise<void> | void][] = [
      ['refuses connections', () => server.kill(), () => server.start()],
      ['takes connections and answers nothing', () => server.freeze(), () => server.wake()],
    ];
    for (const [index, [what, leave, comeBack]] of outages.entries()) {
      it(`holds the upload while it ${what}, reads nothing more, and ends whole`, async () => {
        const key = `a${index}/dump`;
        const work = store.put(key, body(), { signal });
        await until('parts to be on their way', 10, () => given > 3 * part);
        await leave();
        const before = given;
        await delay(1500);
        const held = given;
        await delay(700);
        expect(given, 'read during the outage').to.equal(held);
        expect(held - before, 'what the buffers took').to.be.at.most((concurrency + 2) * part);
        await comeBack();
        expect(await work).to.include({ size: parts * part });
        const back = await buffer(await store.get(key, { signal }));
        expect(back.equals(Buffer.concat(Array<Buffer>(parts).fill(content)))).to.equal(true);
        for await (const upload of store.listUploads('')) expect.fail(`left ${upload.uploadId}`);
      });

      it(`ends a cancelled upload within a second while it ${what}`, async () => {
        const controller = new AbortController();
        const work = failureOf(store.put(`c${index}/dump`, body(), { signal: controller.signal }));
        await until('parts to be on their way', 10, () => given > 3 * part);
        await leave();
        await delay(1000);
        const reason = new HoldfastError('cancelled');
        const begun = performance.now();
        controller.abort(reason);
        expect(await work).to.equal(reason);
        expect(performance.now() - begun).to.be.below(10_000);
        await comeBack();
        for await (const upload of store.listUploads('')) await store.abortUpload(upload);
      });
    }

    it('goes on with a restore where it stopped', async () => {
      const key = 'r/dump';
      await store.put(key, body(), { signal });
      const chunks: Buffer[] = [];
      let size = 0;
      for await (const chunk of (await store.get(key, { signal })) as AsyncIterable<Buffer>) {
        if (size < part && size + chunk.length >= part) {
          await server.kill();
          setTimeout(() => void server.start(), 700);
        }
        chunks.push(chunk);
        size += chunk.length;
      }
      expect(Buffer.concat(chunks).equals(Buffer.concat(Array<Buffer>(parts).fill(content)))).to.equal(true);
    });
  });

  const small = 64 * 1024;
  const whole = contentOf(3 * small + 5);
  const busy: Effect = { type: 'answer', status: 503, code: 'SlowDown' };
  const impatient = {
    ...quick,
    pauses: { baseSeconds: 0.03, capSeconds: 0.1 },
    requestAttempts: 1,
    furtherTrials: 0,
    firstPart: small,
  };
  const opened: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of opened.splice(0)) await close();
  });
  const open = async (patienceSeconds: number, dialect: Partial<Dialect> = {}, options: Partial<S3Options> = {}) => {
    const server = await startS3({ dialect: { minPartSize: small, ...dialect } });
    const store = openS3Store(
      s3Destination(server),
      { ...testSettings, patienceSeconds },
      { ...impatient, ...options },
    );
    opened.push(
      () => store.close(),
      () => server.stop(),
    );
    return { server, store };
  };

  const calls: [RequestKind, Buffer][] = [
    ['listObjects', whole],
    ['createUpload', whole],
    ['uploadPart', whole],
    ['completeUpload', whole],
    ['headObject', whole],
    ['putObject', contentOf(10)],
    ['headObject', contentOf(10)],
  ];
  for (const [kind, content] of calls) {
    it(`is waited for by ${kind} of an object of ${content.length} bytes, once it has answered at all`, async () => {
      const { server, store } = await open(20);
      await store.put('first', streamOf(whole), { signal });
      const before = server.requests[kind] ?? 0;
      server.faults.add({ kind, effect: busy });
      const work = store.put('a/dump', streamOf(content), { signal });
      await until('several trials', 10, () => (server.requests[kind] ?? 0) > before + 4);
      server.faults.clear();
      expect(await work).to.include({ size: content.length });
      expect((await buffer(await store.get('a/dump', { signal }))).equals(content)).to.equal(true);
      expect(server.openUploads()).to.deep.equal([]);
    });
  }

  it('is waited for by a look that can be ended, and not by one that cannot', async () => {
    const { server, store } = await open(20);
    await store.put('a', streamOf(whole), { signal });
    server.faults.add({ kind: 'headObject', effect: busy });
    expect(await failureOf(store.head('a'))).to.include({ code: 'store_failed' });
    const work = store.head('a', { signal });
    await until('several trials', 10, () => (server.requests.headObject ?? 0) > 4);
    server.faults.clear();
    expect(await work).to.include({ size: whole.length });
  });

  it('is not waited for by a probe, which says what the store answered', async () => {
    const { server, store } = await open(20);
    await store.put('a', streamOf(whole), { signal });
    server.faults.add({ kind: 'putObject', effect: busy });
    const begun = performance.now();
    expect((await store.probe(signal)).problems.join()).to.include('SlowDown');
    expect(performance.now() - begun).to.be.below(10_000);
  });

  it('is not waited for when it was away from the start', async () => {
    const { server, store } = await open(20);
    await server.pause();
    const body = stallingAfter(whole);
    const begun = performance.now();
    expect(await failureOf(store.put('a', body, { signal }))).to.include({ code: 'store_unreachable' });
    expect(body.readableDidRead).to.equal(false);
    expect(performance.now() - begun).to.be.below(10_000);
  });

  it('is given up when the patience is over, and the error says since when it was away', async () => {
    const { server, store } = await open(0.8);
    server.faults.add({ kind: 'uploadPart', effect: busy, from: 2 });
    const begun = Date.now();
    const error = (await failureOf(store.put('a', streamOf(whole), { signal }))) as HoldfastError;
    expect(error).to.include({ code: 'store_unreachable' });
    const [, since = ''] = /SlowDown.*away since (\S+Z), for longer than the 0.8 seconds/.exec(error.message) ?? [];
    expect(Date.parse(since)).to.be.within(begun, begun + 10_000);
    expect(Date.now() - begun).to.be.within(800, 15_000);
    expect(server.openUploads()).to.deep.equal([]);
  });

  it('is given up at once when it comes back with a refusal', async () => {
    const { server, store } = await open(20, {}, { furtherTrials: 2 });
    const denied: Effect = { type: 'answer', status: 403, code: 'AccessDenied' };
    server.faults.add({ kind: 'completeUpload', effect: busy, times: 4 });
    server.faults.add({ kind: 'completeUpload', effect: denied, from: 5 });
    expect(await failureOf(store.put('a', streamOf(whole), { signal }))).to.include({ code: 'store_denied' });
    expect(server.requests.completeUpload).to.equal(5);
    expect(server.openUploads()).to.deep.equal([]);
  });

  it('keeps no second upload of a start whose answers were lost', async () => {
    const { server, store } = await open(20);
    server.faults.add({ kind: 'createUpload', effect: { type: 'dropAfter' }, times: 3 });
    await store.put('a', streamOf(whole), { signal });
    expect(server.requests.createUpload).to.equal(4);
    expect(server.openUploads()).to.deep.equal([]);
  });

  it('is believed to have completed an upload that it does not know any more, where its tags are no digests', async () => {
    const { server, store } = await open(20, { opaqueEtags: true });
    server.faults.add({ kind: 'completeUpload', effect: { type: 'dropAfter' }, times: 1 });
    expect(await store.put('a', streamOf(whole), { signal })).to.include({ size: whole.length });
  });
});
