import { expect } from 'chai';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import type { Manifest } from '@holdfast/shared/contracts';
import { HoldfastError, noKeys, Secret, type ContentManifest, type Keys } from '@holdfast/shared/domain';
import { backupRow, connectionRow, countingIds, FakeEngine, fixedClock, MemoryStore } from '@holdfast/testing/fakes';
import { runBackup } from './backup.ts';
import { zstd } from './codecs/index.ts';
import { readContentFile } from './content-file.ts';
import { selectFiles } from './select-files.ts';

const forever = new AbortController().signal;
const measured: ContentManifest = {
  version: 1,
  level: 'full',
  algorithm: 'fake',
  items: [{ kind: 'table', name: 'public.orders', count: 3, digest: '-42', share: 1 }],
  missing: ['public.locked: not measured.'],
};

async function backedUp(level: 'full' | null, keys: Keys = noKeys) {
  const store = new MemoryStore();
  const engine = new FakeEngine(Buffer.from('a dump'));
  engine.measured = measured;
  const outcome = await runBackup({
    backup: backupRow(),
    database: connectionRow(),
    engine,
    store,
    codecs: [zstd()],
    keys,
    content: { content: level, contentSeconds: 60 },
    ids: countingIds(),
    clock: fixedClock,
    limits: { dumpSeconds: 60, storeSeconds: 60, restoreSeconds: 60 },
    signal: forever,
    onProgress: () => undefined,
  });
  return { ...outcome, store, engine };
}

const failure = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => expect.fail('it did not fail'),
    (error: unknown) => error,
  );

describe('the content manifest of a backup', () => {
  it('is a file of it that reads back equal, before the manifest, and never one to restore', async () => {
    const { manifest, files, store, engine } = await backedUp('full');
    expect(files.map(({ role, name }) => ({ role, name }))).to.deep.equal([
      { role: 'dump', name: 'dump.fake.zst' },
      { role: 'content', name: 'content.json.zst' },
    ]);
    expect(manifest.files[1]).to.include({ role: 'content', format: 'holdfast-content-1' });
    expect(store.stored.map((key) => key.split('/').at(-1))).to.deep.equal([
      'dump.fake.zst',
      'content.json.zst',
      'manifest.json',
    ]);
    expect(await readContentFile(store, manifest, noKeys, forever)).to.deep.equal(measured);
    expect(selectFiles(manifest, { fileIds: null, ownership: 'keep' }, engine)).to.deep.equal({
      dump: manifest.files[0],
      globals: null,
    });
    expect(() => selectFiles(manifest, { fileIds: [files[1]?.id ?? ''], ownership: 'keep' }, engine)).to.throw(
      HoldfastError,
    );
  });

  it('is absent where nobody asked for it', async () => {
    const { manifest, files, store } = await backedUp(null);
    expect(files).to.have.length(1);
    expect(await readContentFile(store, manifest, noKeys, forever)).to.equal(null);
  });

  it('is encrypted as the dump is', async () => {
    const identity = await generateIdentity();
    const keys = { recipients: [await identityToRecipient(identity)], identities: [new Secret(identity)] };
    const { manifest, files, store } = await backedUp('full', keys);
    expect(files[1]?.name).to.equal('content.json.zst.age');
    expect(await readContentFile(store, manifest, keys, forever)).to.deep.equal(measured);
    expect(await failure(readContentFile(store, manifest, noKeys, forever))).to.include({ code: 'key_missing' });
  });

  it('is named where what age opens was changed, as any file of a backup is', async () => {
    const identity = await generateIdentity();
    const keys = { recipients: [await identityToRecipient(identity)], identities: [new Secret(identity)] };
    const { manifest, files, store } = await backedUp('full', keys);
    const key = files[1]?.key ?? '';
    const bytes = Buffer.from(store.objects.get(key) ?? []);
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    store.objects.set(key, bytes);
    const error = await failure(readContentFile(store, manifest, keys, forever));
    expect(error).to.include({ code: 'integrity' }).and.have.property('message').that.contains(key);
  });

  it('is refused when a bit of it was changed, or when another version wrote it', async () => {
    const { manifest, files, store } = await backedUp('full');
    const key = files[1]?.key ?? '';
    const bytes = Buffer.from(store.objects.get(key) ?? []);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    const good = store.objects.get(key) ?? bytes;
    store.objects.set(key, bytes);
    expect(await failure(readContentFile(store, manifest, noKeys, forever))).to.include({ code: 'integrity' });
    store.objects.set(key, good);
    const newer: Manifest = { ...manifest, files: manifest.files.map((file) => ({ ...file, format: 'of tomorrow' })) };
    expect(await failure(readContentFile(store, newer, noKeys, forever))).to.include({ code: 'configuration' });
  });
});
