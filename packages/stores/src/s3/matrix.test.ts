import { buffer } from 'node:stream/consumers';
import { errorCodes, HoldfastError, type ObjectStore } from '@holdfast/shared/domain';
import { startS3, type Effect, type RequestKind, type TestS3 } from '@holdfast/testing/s3';
import { contentOf, streamOf } from '@holdfast/testing/stores';
import { until } from '@holdfast/testing/until';
import { expect } from 'chai';
import { s3Destination, testSettings } from '../testing.ts';
import { openS3Store } from './index.ts';
import type { S3Options } from './options.ts';

const part = 64 * 1024;
const idleMs = 250;
const signal = new AbortController().signal;
const quick: Partial<S3Options> = {
  firstPart: part,
  idleTimeoutMs: idleMs,
  connectTimeoutMs: 1000,
  checkTimeoutMs: 1500,
  requestAttempts: 2,
  pauses: { baseSeconds: 0.02, capSeconds: 0.05 },
  furtherTrials: 2,
};
/** What happens once is survived however slow this machine is. */
const patienceSeconds = { once: 12, always: 0.3 };
const atOnce = 16;
/** No operation has more calls that can take their whole time than this allows. */
const limitMs = 25_000;

const effects: Record<string, Effect> = {
  'fails with 500': { type: 'answer', status: 500, code: 'InternalError' },
  'fails with 503': { type: 'answer', status: 503, code: 'SlowDown' },
  'is denied': { type: 'answer', status: 403, code: 'AccessDenied' },
  'never answers': { type: 'stall' },
  'answers 200 with an error inside': { type: 'errorInside200', code: 'InternalError' },
  "answers 200 with a proxy's page": { type: 'foreign200', body: '<html><body>Welcome</body></html>' },
  'answers a wrong ETag': { type: 'wrongEtag' },
  'answers no ETag': { type: 'noEtag' },
  'holds a byte less': { type: 'loseByte' },
  'drops the connection before': { type: 'dropBefore' },
  'drops the connection after it was applied': { type: 'dropAfter' },
  'is slow': { type: 'slow', ms: idleMs / 3 },
  'is slower than anybody waits': { type: 'slow', ms: idleMs * 2 },
  'breaks off inside its answer': { type: 'cutBody', bytes: 300 },
  'stalls inside its answer': { type: 'stallBody', bytes: 700 },
};
type Times = keyof typeof patienceSeconds;
const once: Times = 'once';
const always: Times = 'always';

interface Scene {
  server: TestS3;
  store: ObjectStore;
}

interface Operation {
  name: string;
  /** The calls that it consists of. */
  kinds: readonly RequestKind[];
  prepare?: (scene: Scene) => Promise<void>;
  /** Whether the bucket keeps versions. */
  versioning?: true;
  /** Resolves only when it claims success. */
  run: (scene: Scene) => Promise<unknown>;
  /** Compares what was claimed with what the server holds. */
  truth: (scene: Scene, claimed: unknown) => void;
}

const prefix = 'db/2026/11/id/a1/';
const dumpKey = `${prefix}dump`;
const dump = contentOf(4 * part + 99);
const small = contentOf(1234, 7);
const keysOf = ({ server }: Scene): string[] => server.objects().map(({ key }) => key);

function holdsExactly(scene: Scene, claimed: unknown, content: Buffer): void {
  expect(claimed).to.include({ key: dumpKey, size: content.length });
  expect(scene.server.objects()).to.have.length(1);
  expect(scene.server.objects()[0]).to.include({ key: dumpKey, size: content.length });
}

/** As the worker removes what an attempt left. */
async function removeAll(store: ObjectStore): Promise<void> {
  await store.delete(`${prefix}manifest.json`);
  for await (const upload of store.listUploads(prefix)) await store.abortUpload(upload);
  for await (const { key } of store.list(prefix)) await store.delete(key);
}

/** Begins an upload without ending it, as a killed worker does. */
async function leaveUpload({ server, store }: Scene): Promise<void> {
  const ended = new AbortController();
  server.faults.add({ kind: 'abortUpload', effect: { type: 'answer', status: 403, code: 'AccessDenied' } });
  server.faults.add({ kind: 'completeUpload', effect: { type: 'answer', status: 403, code: 'AccessDenied' } });
  await store.put(dumpKey, streamOf(dump), { signal: ended.signal }).catch(() => undefined);
  server.faults.clear();
}

const operations: Operation[] = [
  {
    name: 'a backup in parts',
    kinds: ['listObjects', 'createUpload', 'uploadPart', 'completeUpload', 'headObject'],
    run: ({ store }) => store.put(dumpKey, streamOf(dump), { signal }),
    truth: (scene, claimed) => holdsExactly(scene, claimed, dump),
  },
  {
    name: 'a backup in one request',
    kinds: ['listObjects', 'putObject', 'headObject'],
    run: ({ store }) => store.put(dumpKey, streamOf(small), { signal }),
    truth: (scene, claimed) => holdsExactly(scene, claimed, small),
  },
  {
    name: 'a restore',
    kinds: ['headObject', 'getObject'],
    prepare: async ({ store }) => {
      await store.put(dumpKey, streamOf(small), { signal });
    },
    run: async ({ store }) => {
      const held = await store.head(dumpKey, { signal });
      return [held?.size, await buffer(await store.get(dumpKey, { signal }))];
    },
    truth: (_scene, claimed) => {
      const [size, bytes] = claimed as [number, Buffer];
      // Whether the size is that of the manifest is compared by the pipeline.
      expect([small.length, small.length - 1]).to.include(size);
      expect(bytes.equals(small)).to.equal(true);
    },
  },
  {
    name: 'a sweep',
    kinds: ['deleteObject', 'listUploads', 'abortUpload', 'listObjects'],
    prepare: async (scene) => {
      await leaveUpload(scene);
      for (const name of ['manifest.json', 'globals']) {
        await scene.store.put(prefix + name, streamOf(small), { signal });
      }
    },
    run: ({ store }) => removeAll(store),
    truth: (scene) => expect(keysOf(scene)).to.deep.equal([]),
  },
  {
    name: 'a sweep of versions',
    kinds: ['getVersioning', 'listVersions'],
    versioning: true,
    prepare: async ({ store }) => {
      for (const name of ['manifest.json', 'manifest.json', 'globals']) {
        await store.put(prefix + name, streamOf(small), { signal });
      }
    },
    run: ({ store }) => removeAll(store),
    truth: ({ server }) => expect(server.versions()).to.deep.equal([]),
  },
  {
    name: 'a probe',
    kinds: [
      'listObjects', 'putObject', 'headObject', 'getObject', 'listUploads', 'createUpload', 'uploadPart', 'completeUpload',
      'deleteObject',
    ], // prettier-ignore
    run: async ({ store }) => {
      const { ok, problems } = await store.probe(signal);
      expect(ok).to.equal(problems.length === 0);
      if (!ok) throw new HoldfastError('store_failed', problems.join(' '));
    },
    truth: (scene) => expect(keysOf(scene)).to.deep.equal([]),
  },
];

/** What passes by itself does not make a backup or a restore fail when it happens once. */
const survived = new Set(Object.keys(effects).filter((what) => !/denied|byte less|ETag/.test(what)));
const patient = new Set(['a backup in parts', 'a backup in one request', 'a restore']);

async function cell(operation: Operation, kind: RequestKind, what: string, times: Times): Promise<null> {
  const effect = effects[what];
  if (!effect) throw new Error(`There is no effect "${what}".`);
  const server = await startS3({ dialect: { minPartSize: part }, versioning: operation.versioning === true });
  const open = (): ObjectStore =>
    openS3Store(s3Destination(server), { ...testSettings, patienceSeconds: patienceSeconds[times] }, quick);
  const scene = { server, store: open() };
  const calm = openS3Store(s3Destination(server), testSettings, { firstPart: part });
  const where = `${kind} ${what} ${times}`;
  try {
    await operation.prepare?.({ server, store: calm });
    // Only a store that has answered is waited for.
    await until('an answer', 20, () =>
      scene.store.head('nothing', { signal }).then(
        () => true,
        () => false,
      ),
    );
    server.faults.add({ kind, effect, ...(times === once ? { times: 1 } : {}) });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`${operation.name} hangs where ${where}.`)), limitMs);
    });
    const outcome = await Promise.race([
      operation.run(scene).then(
        (claimed) => ({ claimed }),
        (error: unknown) => ({ error }),
      ),
      late,
    ]).finally(() => clearTimeout(timer));
    server.faults.clear();
    if ('claimed' in outcome) {
      operation.truth(scene, outcome.claimed);
      // A request that is answered after it was given up and cleaned up for is the one thing that is left to a sweep.
      if (!what.startsWith('is slower')) expect(server.openUploads()).to.deep.equal([]);
      return null;
    }
    const { error } = outcome;
    if (!(error instanceof HoldfastError)) throw error;
    expect(errorCodes, where).to.have.property(error.code);
    expect(['internal', 'cancelled'], `${where}: ${error.message}`).not.to.include(error.code);
    if (times === once && patient.has(operation.name) && survived.has(what)) {
      throw new Error(`${operation.name} did not survive that ${where}: ${error.message}`);
    }
    if (operation.name.startsWith('a backup')) {
      // What the failure left is what the sweep finds by the prefix, with nothing but what the store lists.
      // A request that was given up may take effect only after a first sweep: the sweep comes minutes later.
      await until('a sweep to leave nothing', 10, async () => {
        await removeAll(calm);
        return keysOf(scene).length + server.openUploads().length === 0;
      });
      expect(keysOf(scene)).to.deep.equal([]);
      expect(server.openUploads()).to.deep.equal([]);
    }
    return null;
  } catch (error) {
    throw new Error(`${operation.name}, ${where}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  } finally {
    await scene.store.close();
    await calm.close();
    await server.stop();
  }
}

describe('every call to a store may go wrong in every way', () => {
  for (const operation of operations) {
    it(`and ${operation.name} is done in truth, or fails by name within its time and leaves nothing`, async () => {
      const cells = operation.kinds.flatMap((kind) =>
        Object.keys(effects).flatMap((what) =>
          [once, always].map(
            (times) => () => cell(operation, kind, what, times).catch((error: Error) => error.message),
          ),
        ),
      );
      expect((await someAtOnce(cells)).filter((problem) => problem !== null)).to.deep.equal([]);
    });
  }
});

/** More would take the time from each other and so seem to hang. */
async function someAtOnce<T>(tasks: readonly (() => Promise<T>)[]): Promise<T[]> {
  const queue = tasks.entries();
  const results: T[] = [];
  const runner = async (): Promise<void> => {
    for (const [, task] of queue) results.push(await task());
  };
  await Promise.all(Array.from({ length: atOnce }, runner));
  return results;
}
