import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import type { Manifest } from '@holdfast/shared/contracts';
import { HoldfastError, noKeys, type Engine, type StoredObject } from '@holdfast/shared/domain';
import { MemoryStore, pieces } from '@holdfast/testing/fakes';
import { FakeEngine, backupId, backupRow, countingIds, connectionRow, fixedClock } from '@holdfast/testing/fakes';
import { runBackup, type BackupOutcome, type BackupRun } from './backup.ts';
import { gzip, zstd, type Codec } from './codecs/index.ts';
import { frameBytes, framesAtOnce } from './codecs/zstd-encode.ts';
import { discardAttempt } from './discard.ts';
import { manifestText, parseManifest } from './manifest.ts';
import { verifyReadable } from './verify.ts';

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
const content = Buffer.concat([randomBytes(3_000_000), Buffer.alloc(6_000_000, 'row\t')]);
const forever = new AbortController().signal;
const limits = { dumpSeconds: 60, storeSeconds: 60, restoreSeconds: 60 };
const dumpKey = /\/a1\/dump\.fake\.zst$/;

function run(change: Partial<BackupRun> & { store: MemoryStore }): Promise<BackupOutcome> {
  return runBackup({
    backup: backupRow(),
    database: connectionRow(),
    engine: new FakeEngine(content),
    codecs: [zstd()],
    keys: noKeys,
    ids: countingIds(),
    clock: fixedClock,
    limits,
    signal: forever,
    onProgress: () => undefined,
    ...change,
  });
}

async function failure(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => expect.fail('it succeeded'),
    (error: unknown) => error,
  );
}

/** A dump that gives `length` bytes and then breaks. */
function brokenAfter(length: number, error?: Error): FakeEngine {
  const engine = new FakeEngine(content);
  engine.produce = (bytes) => {
    const chunks = pieces(bytes.subarray(0, length), 65_536);
    return new Readable({
      read() {
        const next = chunks.next();
        if (next.done) this.destroy(error);
        else this.push(next.value);
      },
    });
  };
  return engine;
}

describe('runBackup', () => {
  it('stores a dump that its manifest describes and zstd reads', async () => {
    const store = new MemoryStore();
    const { manifest, manifestKey, files } = await run({ store });
    expect(manifestKey).to.equal(`${backupRow().databaseId}/2026/03/${backupId}/a1/manifest.json`);
    const [file] = files;
    const stored = store.objects.get(file?.key ?? '');
    if (!file || !stored) return expect.fail('nothing was stored');
    expect(file).to.include({ backupId, role: 'dump', name: 'dump.fake.zst', size: stored.length });
    expect(file).to.include({
      checksum: `sha256:${sha256(stored)}`,
      plainSize: content.length,
      plainSha256: sha256(content),
    });
    const plain = execFileSync('zstd', ['-d', '-c'], { input: stored, maxBuffer: 2 * content.length });
    expect(plain.equals(content)).to.equal(true);

    expect(parseManifest(store.objects.get(manifestKey) ?? Buffer.alloc(0), manifestKey)).to.deep.equal(manifest);
    expect(manifest).to.include({ backupId, attempt: 1, engine: 'postgresql', database: 'shop', serverVersion: '1' });
    expect(manifest.files[0]).to.include({ id: file.id, key: file.key, format: 'fake' });
    expect(manifest.files[0]?.codecs).to.deep.equal(['zstd']);
    expect(await verifyReadable(store, manifestKey, noKeys, forever)).to.deep.equal(manifest);
  });

  it('writes the manifest last', async () => {
    const store = new MemoryStore();
    const { manifestKey, files } = await run({ store });
    expect(store.stored).to.deep.equal([...files.map((file) => file.key), manifestKey]);
  });

  it('applies codecs in their order and reads them backwards', async () => {
    const store = new MemoryStore();
    const { manifest, manifestKey } = await run({ store, codecs: [zstd(), gzip()] });
    expect(manifest.files[0]).to.include({ name: 'dump.fake.zst.gz' });
    expect(manifest.files[0]?.codecs).to.deep.equal(['zstd', 'gzip']);
    await verifyReadable(store, manifestKey, noKeys, forever);
  });

  it('reports plain bytes and the estimate while it runs', async () => {
    const seen: number[] = [];
    const onProgress: BackupRun['onProgress'] = ({ progressBytes, estimatedBytes }) => {
      expect(estimatedBytes).to.equal(content.length);
      seen.push(progressBytes);
    };
    await run({ store: new MemoryStore(), onProgress });
    expect(seen.at(0)).to.equal(0);
    expect(seen.at(-1)).to.equal(content.length);
    expect(seen).to.deep.equal(seen.toSorted((a, b) => a - b));
  });

  describe('with globals', () => {
    const database = { ...connectionRow(), options: { globals: true } };

    it('stores the dump, then the globals, and describes both in one manifest', async () => {
      const store = new MemoryStore();
      const engine = new FakeEngine(content);
      const { manifest, manifestKey, files } = await run({ store, engine, database });
      expect(files.map(({ role, name }) => `${role} ${name}`)).to.deep.equal([
        'dump dump.fake.zst',
        'globals roles.fake.zst',
      ]);
      expect(store.stored).to.deep.equal([...files.map((file) => file.key), manifestKey]);
      expect(files[1]).to.include({ plainSize: engine.roles.length, plainSha256: sha256(engine.roles) });
      const stored = store.objects.get(files[1]?.key ?? '') ?? Buffer.alloc(0);
      expect(files[1]).to.include({ size: stored.length, checksum: `sha256:${sha256(stored)}` });
      expect(manifest.files.map(({ id, format }) => ({ id, format }))).to.deep.equal([
        { id: files[0]?.id, format: 'fake' },
        { id: files[1]?.id, format: 'fake-roles' },
      ]);
      expect(await verifyReadable(store, manifestKey, noKeys, forever)).to.deep.equal(manifest);
    });

    it('stores them only for a database that asks for them', async () => {
      const { files } = await run({ store: new MemoryStore() });
      expect(files.map(({ role }) => role)).to.deep.equal(['dump']);
    });

    it('warns where hashes of passwords lie in the store as they are, and only there', async () => {
      const withHashes = { ...connectionRow(), options: { globals: true, globals_passwords: true } };
      const open = await run({ store: new MemoryStore(), database: withHashes });
      expect(open.manifest.warnings?.join(' ')).to.contain('hashes of the roles’ passwords');
      expect((await run({ store: new MemoryStore(), database })).manifest).to.not.have.property('warnings');
      const recipient = await generateX25519Identity().then(identityToRecipient);
      const keys = { recipients: [recipient], identities: [] };
      const sealed = await run({ store: new MemoryStore(), database: withHashes, keys });
      expect(sealed.manifest).to.not.have.property('warnings');
    });

    it('counts the bytes of both', async () => {
      const engine = new FakeEngine(content);
      const seen: number[] = [];
      await run({
        store: new MemoryStore(),
        engine,
        database,
        onProgress: (progress) => seen.push(progress.progressBytes),
      });
      expect(seen.at(-1)).to.equal(content.length + engine.roles.length);
      expect(seen).to.deep.equal(seen.toSorted((x, y) => x - y));
    });

    it('is no backup when the globals fail, however whole the dump is', async () => {
      const store = new MemoryStore();
      const empty = new FakeEngine(content);
      empty.roles = Buffer.alloc(0);
      expect(await failure(run({ store, engine: empty, database }))).to.include({ code: 'dump_failed' });
      const failing = new FakeEngine(content);
      const cause = new HoldfastError('dump_killed', 'pg_dumpall was ended by SIGKILL.');
      failing.globals = { ...failing.globals, dump: () => Promise.reject(cause) };
      expect(await failure(run({ store, engine: failing, database }))).to.equal(cause);
      expect([...store.objects.keys()].filter((key) => key.endsWith('manifest.json'))).to.deep.equal([]);
    });

    it('refuses an engine without globals before the dump begins', async () => {
      const store = new MemoryStore();
      const never = (): never => expect.fail('it was asked for something');
      const reading = { probe: never, dump: never, checkReadable: never, readContent: never, preflight: never };
      const restoring = { restore: never, findRestored: never, cleanUpRestore: never, undoRestore: never };
      const dropping = { dropFormer: never, dropRestored: never };
      const engine: Engine = { type: 'postgresql', format: 'fake', ...reading, ...restoring, ...dropping };
      expect(await failure(run({ store, engine, database }))).to.include({ code: 'configuration' });
    });
  });

  for (const length of [0, 1, 65_536, frameBytes, 8_000_000]) {
    it(`never stores a dump that broke after ${length} bytes, and throws what broke it`, async () => {
      const store = new MemoryStore();
      const cause = new HoldfastError('dump_killed', 'pg_dump was ended by SIGKILL.');
      expect(await failure(run({ store, engine: brokenAfter(length, cause) }))).to.equal(cause);
      expect(store.objects.size).to.equal(0);
    });

    it(`never stores a dump that vanished without a word after ${length} bytes`, async () => {
      const store = new MemoryStore();
      expect(await failure(run({ store, engine: brokenAfter(length) }))).to.be.instanceOf(Error);
      expect(store.objects.size).to.equal(0);
    });
  }

  it('refuses an empty dump', async () => {
    const store = new MemoryStore();
    expect(await failure(run({ store, engine: new FakeEngine(Buffer.alloc(0)) }))).to.include({ code: 'dump_failed' });
    expect(store.stored.filter((key) => key.endsWith('manifest.json'))).to.have.length(0);
  });

  it('fails when the dump breaks after its end, while the store still works', async () => {
    const store = new MemoryStore();
    const engine = new FakeEngine(content);
    const dump = Readable.from(pieces(content, 65_536), { objectMode: false, autoDestroy: false });
    engine.produce = () => dump;
    const late = new HoldfastError('dump_failed', 'too late');
    const put = store.put.bind(store);
    store.put = async (...upload) => {
      const answer = await put(...upload);
      expect(dump.readableEnded).to.equal(true);
      dump.destroy(late);
      await new Promise((resolve) => setImmediate(resolve));
      return answer;
    };
    expect(await failure(run({ store, engine }))).to.equal(late);
    expect(store.stored.some((key) => key.endsWith('manifest.json'))).to.equal(false);
  });

  it('fails when the store says that it is done before it was given everything', async () => {
    class Hasty extends MemoryStore {
      override async put(key: string, body: Readable): Promise<StoredObject> {
        const [chunk] = (await body.take(1).toArray()) as Buffer[];
        this.objects.set(key, chunk ?? Buffer.alloc(0));
        return { key, size: chunk?.length ?? 0, etag: null, modifiedAt: new Date(0) };
      }
    }
    class Indifferent extends MemoryStore {
      override async put(key: string): Promise<StoredObject> {
        return { key, size: 0, etag: null, modifiedAt: new Date(0) };
      }
    }
    expect(await failure(run({ store: new Indifferent() }))).to.include({ code: 'upload_unverified' });
    const hasty = new Hasty();
    expect(await failure(run({ store: hasty }))).to.be.instanceOf(Error);
    expect([...hasty.objects.keys()].some((key) => key.endsWith('manifest.json'))).to.equal(false);
  });

  it('fails when the store holds less than it was sent, or nothing', async () => {
    class Shrinking extends MemoryStore {
      readonly #keep: number;
      constructor(keep: number) {
        super();
        this.#keep = keep;
      }
      override async head(key: string): Promise<StoredObject | null> {
        const object = await super.head(key);
        return object && this.#keep > 0 ? { ...object, size: object.size - 1 } : null;
      }
    }
    for (const keep of [0, 1]) {
      const store = new Shrinking(keep);
      expect(await failure(run({ store }))).to.include({ code: 'upload_unverified' });
      expect(store.stored.some((key) => key.endsWith('manifest.json'))).to.equal(false);
    }
  });

  it('fails when the manifest reads back differently', async () => {
    const store = new MemoryStore();
    const put = store.put.bind(store);
    store.put = async (key, body, options) => {
      const answer = await put(key, body, options);
      if (key.endsWith('manifest.json')) store.objects.set(key, Buffer.from('{}'));
      return answer;
    };
    expect(await failure(run({ store }))).to.include({ code: 'upload_unverified' });
  });

  it('throws what the store failed with, ends the dump, and stores nothing', async () => {
    const store = new MemoryStore();
    const engine = new FakeEngine(content);
    let dump: Readable | null = null;
    engine.produce = (bytes) => (dump = Readable.from(pieces(bytes, 65_536), { objectMode: false }));
    const cause = new HoldfastError('store_full', 'The disk is full.');
    store.onChunk = () => {
      throw cause;
    };
    expect(await failure(run({ store, engine }))).to.equal(cause);
    expect(dump).to.include({ destroyed: true });
    expect(store.objects.size).to.equal(0);
    expect(store.uploads.size).to.equal(0);
  });

  it('throws what a codec failed with', async () => {
    const cause = new Error('no memory');
    const breaking: Codec = {
      ...zstd(),
      encode: () => {
        const encoder = zstd().encode();
        encoder.once('data', () => encoder.destroy(cause));
        return encoder;
      },
    };
    const store = new MemoryStore();
    expect(await failure(run({ store, codecs: [breaking] }))).to.equal(cause);
    expect(store.objects.size).to.equal(0);
  });

  for (const part of [0, 0.3, 0.9]) {
    it(`throws the signal's reason when it is aborted at ${part * 100} %, and ends the dump`, async () => {
      const store = new MemoryStore();
      const controller = new AbortController();
      const reason = new HoldfastError('lease_lost');
      const engine = new FakeEngine(content);
      let dump: Readable | null = null;
      engine.produce = (bytes) => (dump = Readable.from(pieces(bytes, 65_536), { objectMode: false }));
      const onProgress: BackupRun['onProgress'] = ({ progressBytes }) => {
        if (progressBytes > part * content.length) controller.abort(reason);
      };
      expect(await failure(run({ store, engine, signal: controller.signal, onProgress }))).to.equal(reason);
      expect(dump).to.include({ destroyed: true });
      expect(store.objects.size).to.equal(0);
    });
  }

  it('writes no manifest when it is aborted while the store finishes', async () => {
    const store = new MemoryStore();
    const controller = new AbortController();
    const written: string[] = [];
    const put = store.put.bind(store);
    store.put = (key, body) => {
      written.push(key);
      return put(key, body, { signal: forever });
    };
    const head = store.head.bind(store);
    store.head = async (key) => {
      controller.abort(new HoldfastError('cancelled'));
      return head(key);
    };
    expect(await failure(run({ store, signal: controller.signal }))).to.include({ code: 'cancelled' });
    expect(written).to.have.length(1);
  });

  it('does not start when it was aborted before', async () => {
    const store = new MemoryStore();
    const reason = new HoldfastError('stopping');
    expect(await failure(run({ store, signal: AbortSignal.abort(reason) }))).to.equal(reason);
  });

  it('holds no more than its frames while the store is slow', async () => {
    const store = new MemoryStore();
    const engine = new FakeEngine(Buffer.alloc(0));
    const total = 12 * frameBytes;
    let made = 0;
    let most = 0;
    engine.produce = () =>
      new Readable({
        read() {
          if (made >= total) return void this.push(null);
          made += 65_536;
          this.push(randomBytes(65_536));
        },
      });
    store.onChunk = async (key, received) => {
      await new Promise((resolve) => setTimeout(resolve, dumpKey.test(key) ? 15 : 0));
      if (dumpKey.test(key)) most = Math.max(most, made - received);
    };
    const { files } = await run({ store, engine });
    expect(files[0]?.plainSize).to.equal(total);
    expect(most).to.be.lessThan((framesAtOnce + 3) * frameBytes);
  });
});

describe('discardAttempt', () => {
  it('removes the manifest first, then uploads and objects of this attempt alone', async () => {
    const store = new MemoryStore();
    const one = await run({ store });
    const two = await run({ store, backup: backupRow({ attempt: 12 }) });
    const prefix = one.manifestKey.replace('manifest.json', '');
    store.uploads.set('u', { key: `${prefix}late`, uploadId: 'u', startedAt: new Date(0) });
    const deleted: string[] = [];
    const remove = store.delete.bind(store);
    store.delete = (key) => {
      deleted.push(key);
      return remove(key);
    };
    await discardAttempt(store, prefix);
    expect(deleted[0]).to.equal(one.manifestKey);
    expect([...store.objects.keys()]).to.have.members([two.manifestKey, ...two.files.map((file) => file.key)]);
    expect(store.uploads.size).to.equal(0);
    await discardAttempt(store, prefix);
  });

  it('refuses a prefix that is not one attempt', async () => {
    for (const prefix of ['', '/', 'x/', 'x/a1', 'x/a0/', 'x/a1/y/']) {
      expect(await failure(discardAttempt(new MemoryStore(), prefix)), prefix).to.include({ code: 'internal' });
    }
  });
});

describe('verifyReadable', () => {
  it('finds a missing, a longer and a changed object', async () => {
    const store = new MemoryStore();
    const { manifestKey, files, manifest }: { manifest: Manifest } & BackupOutcome = await run({ store });
    const key = files[0]?.key ?? '';
    const good = store.objects.get(key) ?? Buffer.alloc(0);
    const check = (): Promise<unknown> => failure(verifyReadable(store, manifestKey, noKeys, forever));
    store.objects.delete(key);
    expect(await check()).to.include({ code: 'object_missing' });
    for (const bad of [good.subarray(0, -1), good.subarray(0, 0), Buffer.concat([good, good])]) {
      store.objects.set(key, bad);
      expect(await check()).to.include({ code: 'integrity' });
    }
    store.objects.set(key, good);
    const other = { ...manifest, files: manifest.files.map((file) => ({ ...file, key: `elsewhere/${file.name}` })) };
    store.objects.set(manifestKey, Buffer.from(manifestText(other)));
    expect(await check()).to.include({ code: 'integrity' });
  });
});
