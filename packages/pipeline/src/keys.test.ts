import { expect } from 'chai';
import { createHash, randomBytes } from 'node:crypto';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import * as fc from 'fast-check';
import { noKeys, Secret, type Keys } from '@holdfast/shared/domain';
import {
  backupRow,
  connectionRow,
  countingIds,
  FakeEngine,
  fixedClock,
  MemoryStore,
  restoreRow,
} from '@holdfast/testing/fakes';
import { runBackup } from './backup.ts';
import { zstd } from './codecs/index.ts';
import { adviceOn, canOpen, keysFor } from './keys.ts';
import { runRestore } from './restore.ts';
import { verifyReadable } from './verify.ts';

const forever = new AbortController().signal;
const limits = { dumpSeconds: 60, storeSeconds: 60, restoreSeconds: 60 };
const marker = 'the very secret row\t';
const content = Buffer.concat([Buffer.alloc(200_000, marker), randomBytes(300_000)]);
const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

async function newKeys(): Promise<Keys> {
  const identity = await generateX25519Identity();
  return { recipients: [await identityToRecipient(identity)], identities: [new Secret(identity)] };
}

async function failure(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => expect.fail('it succeeded'),
    (error: unknown) => error,
  );
}

describe('encrypted backups', () => {
  let [ours, offline, stranger]: Keys[] = [];
  let keys: Keys;

  before(async () => {
    [ours, offline, stranger] = await Promise.all([newKeys(), newKeys(), newKeys()]);
    const recipients = [...(ours?.recipients ?? []), ...(offline?.recipients ?? [])];
    keys = { recipients, identities: ours?.identities ?? [] };
  });

  const backedUp = async (encryptedTo = keys.recipients) => {
    const store = new MemoryStore();
    const outcome = await runBackup({
      backup: backupRow(),
      database: { ...connectionRow(), options: { globals: true } },
      engine: new FakeEngine(content),
      store,
      codecs: [zstd()],
      keys: { recipients: encryptedTo, identities: [] },
      ids: countingIds(),
      clock: fixedClock,
      limits,
      signal: forever,
      onProgress: () => undefined,
    });
    return { store, ...outcome };
  };

  const restore = (
    { store, manifestKey }: Awaited<ReturnType<typeof backedUp>>,
    engine: FakeEngine,
    { identities }: Keys = keys,
    fileIds: readonly string[] | null = null,
  ) =>
    runRestore({
      restore: restoreRow(),
      manifestKey,
      database: connectionRow(),
      engine,
      store,
      keys: { recipients: [], identities },
      fileIds,
      compares: true,
      limits,
      signal: forever,
      onProgress: () => undefined,
    });

  it('name their recipients and what was encrypted, and hold nothing that can be read', async () => {
    const { store, manifest, files } = await backedUp();
    expect(manifest.recipients).to.deep.equal(keys.recipients);
    expect(files.map(({ name }) => name)).to.deep.equal(['dump.fake.zst.age', 'roles.fake.zst.age']);
    for (const [index, file] of files.entries()) {
      const entry = manifest.files[index];
      const stored = store.objects.get(file.key) ?? Buffer.alloc(0);
      expect(stored.includes(marker)).to.equal(false);
      expect(entry?.codecs).to.deep.equal(['zstd', 'age']);
      expect(entry?.stored).to.deep.equal({ size: stored.length, sha256: sha256(stored) });
      expect(entry?.unencrypted).to.deep.equal({ size: file.unencryptedSize, sha256: file.unencryptedSha256 });
      expect(file.unencryptedSize).to.be.lessThan(stored.length);
    }
  });

  it('are made without a private key, read back with each of them, and restored', async () => {
    const made = await backedUp();
    for (const one of [ours, offline]) {
      await verifyReadable(made.store, made.manifestKey, one ?? noKeys, forever);
      const engine = new FakeEngine(Buffer.alloc(0));
      await restore(made, engine, one);
      expect(engine.restored?.equals(content)).to.equal(true);
    }
  });

  it('are not restored without a key: it is refused before the server is asked for anything', async () => {
    const made = await backedUp();
    const alone = [made.files[0]?.id ?? ''];
    for (const [one, files] of [
      [stranger, null],
      [noKeys, null],
      [stranger, alone],
      [noKeys, alone],
    ] as const) {
      const engine = new FakeEngine(Buffer.alloc(0));
      engine.globals.restore = () => expect.fail('the globals were begun');
      const error = await failure(restore(made, engine, one, files));
      expect(error).to.include({ code: 'key_missing' });
      expect((error as Error).message)
        .to.include(keys.recipients[0])
        .and.include(keys.recipients[1]);
      expect(engine.requests).to.have.length(0);
    }
  });

  it('never let the engine finish when a bit was flipped', async () => {
    const made = await backedUp();
    const [dump] = made.files;
    const stored = made.store.objects.get(dump?.key ?? '') ?? Buffer.alloc(0);
    await fc.assert(
      fc.asyncProperty(fc.nat(stored.length * 8 - 1), fc.nat(300 * 8), async (anywhere, inHeader) => {
        for (const bit of [anywhere, inHeader]) {
          const flipped = Buffer.from(stored);
          flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
          made.store.objects.set(dump?.key ?? '', flipped);
          const engine = new FakeEngine(Buffer.alloc(0));
          const error = await failure(restore(made, engine, keys, [dump?.id ?? '']));
          expect(error, `bit ${bit}`).to.include({ code: 'integrity' });
          expect(engine.restored).to.equal(null);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('are found changed when a whole other file, encrypted to the same keys, lies in their place', async () => {
    const [one, two] = [await backedUp(), await backedUp()];
    const key = one.files[0]?.key ?? '';
    one.store.objects.set(key, two.store.objects.get(key) ?? Buffer.alloc(0));
    expect(await failure(verifyReadable(one.store, one.manifestKey, keys, forever))).to.include({ code: 'integrity' });
  });

  it('tell by their header which key opens them, and whether that is damaged', async () => {
    const { store, manifest } = await backedUp();
    const [file] = manifest.files;
    if (!file) return expect.fail('there is no file');
    const ask = (identities: Keys['identities']) => {
      const read: number[] = [];
      const get: MemoryStore['get'] = (key, options) => {
        read.push((options.range?.end ?? Infinity) + 1);
        return MemoryStore.prototype.get.call(store, key, options);
      };
      const watched = Object.assign(Object.create(store) as MemoryStore, { get });
      return { read, answer: canOpen(watched, file, keysFor(manifest, { recipients: [], identities }), forever) };
    };
    const strangers = stranger?.identities ?? [];
    const { read, answer } = ask([...strangers, ...(offline?.identities ?? [])]);
    expect(await answer).to.equal(offline?.recipients[0]);
    expect(read).to.deep.equal([64 * 1024]);
    expect(await ask(strangers).answer).to.equal(null);
    expect(await ask([]).answer).to.equal(null);
    const stored = store.objects.get(file.key) ?? Buffer.alloc(0);
    for (const at of [3, 40, 100, 150, 250]) {
      const changed = Buffer.from(stored);
      changed[at] = (changed[at] ?? 0) ^ 1;
      store.objects.set(file.key, changed);
      expect(await failure(ask(keys.identities).answer), `byte ${at}`).to.include({ code: 'integrity' });
    }
  });

  it('are advised on when no configured private key will open them', async () => {
    expect(await adviceOn(keys)).to.equal(null);
    expect(await adviceOn({ ...keys, identities: [] })).to.equal(null);
    const advice = await adviceOn({ ...keys, identities: stranger?.identities ?? [] });
    expect(advice).to.include('HOLDFAST_BACKUP_IDENTITIES').and.not.include('AGE-SECRET-KEY');
  });

  it('are as before where there is no recipient', async () => {
    const { manifest, files } = await backedUp([]);
    expect(manifest.recipients).to.equal(null);
    expect(files[0]).to.include({ name: 'dump.fake.zst', unencryptedSize: null, unencryptedSha256: null });
    expect(manifest.files[0]?.unencrypted).to.equal(null);
  });
});
