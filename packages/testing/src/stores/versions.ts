import { HoldfastError, type ObjectRetention, type ObjectStore } from '@holdfast/shared/domain';
import { expect } from 'chai';
import { buffer } from 'node:stream/consumers';
import { collect, contentOf, failingAfter, failureOf, streamOf } from './content.ts';

/** A store in a bucket that keeps versions and can lock. */
export interface OpenedVersions {
  store: ObjectStore;
  /** Bytes at which this store starts a new part. */
  partSize: number;
  /** Deletes as somebody does who knows nothing of versions: the object is hidden. */
  hide: (key: string) => Promise<void>;
  /** All versions and delete markers of what begins with `prefix`, by their keys. */
  versions: (prefix: string) => Promise<string[]>;
  /** The time that locks go by, in milliseconds. */
  now: () => number;
  /** Lets so much of it pass. */
  pass: (ms: number) => Promise<void>;
  close: () => Promise<void>;
}

const never = new AbortController().signal;

/** What an object store promises where the place keeps versions and can lock. */
export function describeVersions(name: string, open: () => Promise<OpenedVersions>): void {
  describe(`${name} as a place that keeps versions and locks`, function () {
    this.timeout(30_000);
    let opened: OpenedVersions;
    let store: ObjectStore;
    let count = 0;
    const run = `versions-${process.pid}-${Date.now()}`;
    const fresh = (): string => `${run}/${(count += 1)}`;

    before(async function () {
      this.timeout(120_000);
      opened = await open();
      ({ store } = opened);
    });
    after(async () => {
      await opened?.close();
    });

    const put = (key: string, content: Buffer, retention?: ObjectRetention) =>
      store.put(key, streamOf(content), { signal: never, retention });
    const lock = (mode: ObjectRetention['mode'], ms: number): ObjectRetention => {
      return { mode, until: new Date(opened.now() + ms) };
    };

    it('removes an object with all its versions and delete markers, and no other one', async () => {
      const key = fresh();
      await put(key, contentOf(10, 1));
      await put(key, contentOf(10, 2));
      await opened.hide(key);
      await put(key, contentOf(10, 3));
      await put(`${key}0`, contentOf(10));
      expect(await opened.versions(key)).to.have.length(5);
      await store.delete(key);
      expect(await opened.versions(key)).to.deep.equal([`${key}0`]);
      expect(await store.head(key)).to.equal(null);
      expect((await store.head(`${key}0`))?.size).to.equal(10);
      await store.delete(key);
    });

    it('takes a hidden object for missing, tells that it was one, and removes it for good', async () => {
      const key = fresh();
      await put(key, contentOf(10));
      await put(`${key}0`, contentOf(10));
      await opened.hide(key);
      expect(await store.head(key)).to.equal(null);
      expect(await failureOf(store.get(key, { signal: never }))).to.include({ code: 'object_missing' });
      expect((await collect(store.list(key))).map((object) => object.key)).to.deep.equal([`${key}0`]);
      expect(await collect(store.listHidden(key))).to.deep.equal([key]);
      await store.delete(key);
      expect(await opened.versions(key)).to.deep.equal([`${key}0`]);
      expect(await collect(store.listHidden(key))).to.deep.equal([]);
    });

    it('lists what is current alone', async () => {
      const key = fresh();
      await put(key, contentOf(10, 1));
      await put(key, contentOf(11, 2));
      const listed = await collect(store.list(key));
      expect(listed.map(({ size }) => size)).to.deep.equal([11]);
    });

    it('leaves nothing of a body that fails, not even a delete marker', async () => {
      const key = fresh();
      const died = new HoldfastError('dump_failed', 'The dump died.');
      const body = failingAfter(contentOf(2 * opened.partSize), died);
      expect(await failureOf(store.put(key, body, { signal: never }))).to.equal(died);
      expect(await opened.versions(key)).to.deep.equal([]);
    });

    for (const mode of ['governance', 'compliance'] as const) {
      for (const [what, parts] of [
        ['one piece', 0.1],
        ['several parts', 2.1],
      ] as const) {
        it(`keeps what is locked by ${mode} in ${what} until its time, and then removes it`, async () => {
          const key = fresh();
          const content = contentOf(Math.floor(opened.partSize * parts));
          const retention = lock(mode, 3000);
          await put(key, content, retention);
          const told = (await store.head(key))?.lockedUntil;
          expect(told?.getTime()).to.be.closeTo(retention.until.getTime(), 1000);
          const failure = await failureOf(store.delete(key));
          expect(failure).to.include({ code: 'object_locked' });
          const { until } = failure as { until: Date | null };
          expect(until?.getTime()).to.be.closeTo(retention.until.getTime(), 1000);
          expect((failure as Error).message).to.include(until?.toISOString() ?? 'a date');
          expect((await buffer(await store.get(key, { signal: never }))).equals(content)).to.equal(true);
          expect(await opened.versions(key), 'neither hidden').to.deep.equal([key]);
          await opened.pass(3500);
          await store.delete(key);
          expect(await opened.versions(key)).to.deep.equal([]);
        });
      }
    }

    it('removes no newer version while an older one is locked', async () => {
      const key = fresh();
      await put(key, contentOf(10, 1), lock('governance', 3000));
      await put(key, contentOf(20, 2));
      expect(await failureOf(store.delete(key))).to.include({ code: 'object_locked' });
      expect((await store.head(key))?.size).to.equal(20);
      expect(await opened.versions(key)).to.have.length(2);
    });

    it('says what it can do, passes its own probe, and leaves nothing of either', async () => {
      const { versioning, objectLock } = await store.capabilities(never);
      expect({ versioning, objectLock }).to.deep.equal({ versioning: true, objectLock: true });
      expect(await store.probe(never)).to.deep.equal({ ok: true, problems: [] });
      expect(await opened.versions('holdfast-probe')).to.deep.equal([]);
    });
  });
}
