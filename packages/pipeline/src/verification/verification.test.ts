import { expect } from 'chai';
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import * as fc from 'fast-check';
import {
  HoldfastError,
  noKeys,
  Secret,
  type ContentManifest,
  type GetOptions,
  type Keys,
  type VerificationLevel,
} from '@holdfast/shared/domain';
import { backupRow, connectionRow, countingIds, FakeEngine, fixedClock, MemoryStore } from '@holdfast/testing/fakes';
import { runBackup, type BackupOutcome } from '../backup.ts';
import { zstd } from '../codecs/index.ts';
import { runVerification, type VerificationRun } from './index.ts';

const forever = new AbortController().signal;
const limits = { dumpSeconds: 60, storeSeconds: 60, restoreSeconds: 60 };
const plain = Buffer.concat([randomBytes(60_000), Buffer.alloc(200_000, 'row\t')]);
const verificationId = '018f0000-0000-7000-8000-0000000000aa';

/** Counts the readings of each object, and may give other bytes than it holds. */
class ReadStore extends MemoryStore {
  readonly readings: string[] = [];
  onGet: (key: string, reading: number) => Buffer | undefined = () => undefined;

  override async get(key: string, options: GetOptions): Promise<Readable> {
    if (!options.range) this.readings.push(key);
    const reading = this.readings.filter((read) => read === key).length;
    const other = this.onGet(key, reading);
    return other ? Readable.from([other], { objectMode: false }) : await super.get(key, options);
  }
}

async function backedUp(keys: Keys = noKeys, measured: ContentManifest | null = null) {
  const store = new ReadStore();
  const engine = new FakeEngine(plain);
  engine.measured = measured;
  const backup = backupRow();
  const outcome = await runBackup({
    backup,
    database: { ...connectionRow(), options: { globals: true } },
    engine,
    store,
    codecs: [zstd()],
    content: measured ? { content: measured.level, contentSeconds: 1 } : { content: null, contentSeconds: 1 },
    keys,
    ids: countingIds(),
    clock: fixedClock,
    limits,
    signal: forever,
    onProgress: () => undefined,
  });
  store.readings.length = 0;
  return { store, outcome, dump: outcome.files[0]?.key ?? '', keys };
}

function verify(
  { store, outcome, keys }: { store: MemoryStore; outcome: BackupOutcome; keys: Keys },
  level: VerificationLevel,
  change: Partial<VerificationRun> = {},
) {
  const { manifestKey, manifestSha256 } = outcome;
  return runVerification({
    verification: { id: verificationId, level },
    backup: backupRow({ manifestKey, manifestSha256 }),
    files: outcome.files,
    engine: new FakeEngine(Buffer.alloc(0)),
    scratch: connectionRow,
    store,
    keys,
    limits,
    signal: forever,
    onProgress: () => undefined,
    ...change,
  });
}

const failing = (code: ConstructorParameters<typeof HoldfastError>[0]) => () =>
  Promise.reject(new HoldfastError(code, `It failed with ${code}.`));

function flipped(bytes: Buffer, bit: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return copy;
}

async function newKeys(): Promise<Keys> {
  const identity = await generateX25519Identity();
  return { recipients: [await identityToRecipient(identity)], identities: [new Secret(identity)] };
}

describe('a verification', () => {
  it('proves what it was asked for, and reads each object no oftener than that takes', async () => {
    const made = await backedUp();
    const engine = new FakeEngine(Buffer.alloc(0));
    for (const [level, readings] of [
      ['stored', 1],
      ['readable', 1],
      ['restorable', 2],
    ] as const) {
      made.store.readings.length = 0;
      expect(await verify(made, level, { engine })).to.deep.equal({ reached: level, findings: [], damage: null });
      expect(made.store.readings.filter((key) => key === made.dump)).to.have.length(readings);
    }
    expect(engine.checked).to.deep.equal([plain.length, plain.length]);
    expect(engine.restored?.equals(plain)).to.equal(true);
  });

  for (const encrypted of [false, true]) {
    it(`finds one flipped bit anywhere, a cut, and an object in the place of another (${encrypted ? 'encrypted' : 'plain'})`, async () => {
      const made = await backedUp(encrypted ? await newKeys() : noKeys);
      const kept = new Map(made.store.objects);
      const keys = [...kept.keys()];
      await fc.assert(
        fc.asyncProperty(
          fc.nat(keys.length - 1),
          fc.nat(),
          fc.constantFrom('flip', 'cut', 'swap'),
          async (at, n, how) => {
            for (const [key, bytes] of kept) made.store.objects.set(key, bytes);
            const key = keys[at] ?? '';
            const bytes = kept.get(key) ?? Buffer.alloc(0);
            const other = kept.get(keys[(at + 1) % keys.length] ?? '') ?? bytes;
            const broken =
              how === 'flip'
                ? flipped(bytes, n % (bytes.length * 8))
                : how === 'cut'
                  ? bytes.subarray(0, n % bytes.length)
                  : other;
            made.store.objects.set(key, broken);
            for (const level of ['stored', 'readable'] as const) {
              const { reached, damage } = await verify(made, level);
              expect({ reached, state: damage?.state }).to.deep.equal({ reached: null, state: 'changed' });
              expect(damage?.detail).to.include(key);
            }
          },
        ),
        { numRuns: 40 },
      );
    });
  }

  it('tells of an object that is missing, the manifest too', async () => {
    for (const key of ['dump', 'manifest'] as const) {
      const made = await backedUp();
      made.store.objects.delete(key === 'dump' ? made.dump : made.outcome.manifestKey);
      expect((await verify(made, 'readable')).damage).to.include({ state: 'missing' });
    }
  });

  it('does not take another backup’s manifest, nor one that tells of other objects, for this one’s', async () => {
    const made = await backedUp();
    const { manifestKey } = made.outcome;
    const foreign = await verify(made, 'stored', { backup: backupRow({ id: verificationId, manifestKey }) });
    expect(foreign.damage?.detail).to.match(/belongs to another backup/);
    const files = made.outcome.files.map((file) => ({ ...file, checksum: `sha256:${'0'.repeat(64)}` }));
    const unlike = await verify(made, 'stored', { files });
    expect(unlike.damage?.detail).to.match(/what the catalogue does not/);
  });

  it('does not believe one reading that fails: a bad cable is not a bad backup', async () => {
    const made = await backedUp();
    for (const bad of [made.dump, made.outcome.manifestKey]) {
      for (const level of ['stored', 'readable'] as const) {
        made.store.readings.length = 0;
        made.store.onGet = (key, reading) =>
          key === bad && reading === 1 ? flipped(made.store.objects.get(key) ?? Buffer.alloc(0), 77) : undefined;
        expect(await verify(made, level)).to.deep.equal({ reached: level, findings: [], damage: null });
      }
    }
  });

  it('calls a backup unfaithful whose bytes are right and that its own client cannot read', async () => {
    const engine = new FakeEngine(Buffer.alloc(0));
    engine.unreadable = new HoldfastError('integrity', 'pg_restore cannot read the archive.');
    const { reached, damage } = await verify(await backedUp(), 'readable', { engine });
    expect({ reached, damage }).to.deep.equal({
      reached: 'stored',
      damage: { state: 'unfaithful', detail: 'pg_restore cannot read the archive.' },
    });
  });

  it('says nothing of the backup while the store is away or refuses', async () => {
    for (const code of ['store_unreachable', 'store_denied', 'bucket_missing', 'stalled'] as const) {
      const made = await backedUp();
      made.store.onGet = (key) => {
        if (key === made.dump) throw new HoldfastError(code);
        return undefined;
      };
      const error = await verify(made, 'readable').catch((thrown: unknown) => thrown);
      expect(error).to.include({ code });
    }
  });

  it('proves what it can without a key, and says which keys could open it', async () => {
    const made = await backedUp(await newKeys());
    const recipient = made.keys.recipients[0] ?? '';
    const stranger = (await newKeys()).identities;
    for (const level of ['stored', 'identical'] as const) {
      for (const identities of [[], stranger]) {
        const { reached, findings, damage } = await verify(made, level, { keys: { recipients: [], identities } });
        expect({ reached, damage }).to.deep.equal({ reached: 'stored', damage: null });
        expect(findings).to.have.length(1);
        expect(findings[0]?.code).to.equal('key_missing');
        expect(findings[0]?.message).to.include(recipient);
      }
    }
    expect(await verify(made, 'restorable')).to.include({ reached: 'restorable' });
  });

  it('proves no more than stored where no client can read the dump', async () => {
    const engine = new FakeEngine(Buffer.alloc(0));
    engine.unreadable = new HoldfastError('client_too_old', 'Install a newer one.');
    const verdict = await verify(await backedUp(), 'restorable', { engine });
    expect(verdict).to.deep.equal({
      reached: 'stored',
      findings: [{ code: 'client_too_old', message: 'Install a newer one.' }],
      damage: null,
    });
  });

  describe('in a scratch database', () => {
    it('drops the scratch database, whatever came of it', async () => {
      const made = await backedUp();
      for (const restore of [undefined, failing('restore_failed'), failing('connection_lost')]) {
        const engine = new FakeEngine(Buffer.alloc(0));
        if (restore) engine.restore = restore;
        await verify(made, 'restorable', { engine }).catch(() => undefined);
        // Before, in case of a killed attempt; and after.
        expect(engine.dropped).to.deep.equal([verificationId, verificationId]);
        expect(engine.cleaned).to.deep.equal([verificationId, verificationId]);
      }
    });

    it('never calls it damage when the scratch server refuses', async () => {
      const engine = new FakeEngine(Buffer.alloc(0));
      for (const code of ['restore_failed', 'auth_failed', 'client_too_old', 'privilege_missing'] as const) {
        engine.restore = failing(code);
        const verdict = await verify(await backedUp(), 'identical', { engine });
        expect(verdict).to.deep.equal({
          reached: 'readable',
          findings: [{ code, message: `It failed with ${code}.` }],
          damage: null,
        });
      }
      const nowhere = await verify(await backedUp(), 'restorable', {
        scratch: () => {
          throw new HoldfastError('configuration', 'It has no connection.');
        },
      });
      expect(nowhere).to.deep.include({ reached: 'readable', damage: null });
      const noEngine = await verify(await backedUp(), 'restorable', { engine: null });
      expect(noEngine.findings[0]).to.include({ code: 'engine_unknown' });
    });

    it('comes to no verdict when the scratch server is away: another attempt may find it', async () => {
      const engine = new FakeEngine(Buffer.alloc(0));
      // The store's refusal too: it says nothing of the scratch server.
      const codes = ['host_unreachable', 'connection_lost', 'server_busy', 'store_denied', 'internal'] as const;
      for (const code of codes) {
        engine.restore = failing(code);
        const error = await verify(await backedUp(), 'restorable', { engine }).catch((thrown: unknown) => thrown);
        expect(error).to.include({ code });
      }
    });

    it('looks again at bytes that were right a moment ago', async () => {
      const made = await backedUp();
      const broken = flipped(made.store.objects.get(made.dump) ?? Buffer.alloc(0), 4000);
      made.store.onGet = (key, reading) => (key === made.dump && reading === 2 ? broken : undefined);
      const once = await verify(made, 'restorable').catch((thrown: unknown) => thrown);
      expect(once).to.include({ code: 'store_failed' });
      made.store.readings.length = 0;
      made.store.onGet = (key, reading) => (key === made.dump && reading >= 2 ? broken : undefined);
      expect(await verify(made, 'restorable')).to.deep.include({ reached: null });
    });

    it('compares what was restored with the content manifest, and names what differs', async () => {
      const orders = { kind: 'table', name: 'public.orders', count: 1000, digest: '7', share: 1 };
      const source: ContentManifest = { version: 1, level: 'full', algorithm: 'fake', items: [orders], missing: [] };
      const made = await backedUp(await newKeys(), source);
      const compared = async (found: Partial<ContentManifest>) => {
        const engine = new FakeEngine(Buffer.alloc(0));
        engine.contents = { ...source, ...found };
        return await verify(made, 'identical', { engine });
      };
      expect(await compared({})).to.deep.equal({ reached: 'identical', findings: [], damage: null });
      for (const item of [
        { ...orders, count: 999 },
        { ...orders, digest: '8' },
      ]) {
        const { reached, findings, damage } = await compared({ items: [item] });
        expect({ reached, state: damage?.state }).to.deep.equal({ reached: 'restorable', state: 'unfaithful' });
        expect(findings[0]?.message).to.equal(damage?.detail);
        expect(damage?.detail).to.match(/public\.orders/);
      }
      // What could not be measured, or not in that way, speaks against nobody.
      for (const found of [
        { missing: ['It took too long.'] },
        { items: [{ ...orders, count: null }] },
        { algorithm: 'other' },
      ]) {
        const { reached, findings, damage } = await compared(found);
        expect({ reached, damage }).to.deep.equal({ reached: 'restorable', damage: null });
        expect(findings).to.have.length(1);
      }
      // Nor what an engine cannot measure at all.
      const engine = new FakeEngine(Buffer.alloc(0));
      engine.readContent = () => Promise.reject(new HoldfastError('configuration', 'It cannot be measured.'));
      const unmeasured = await verify(made, 'identical', { engine });
      expect(unmeasured).to.deep.include({ reached: 'restorable', damage: null });
      expect(unmeasured.findings).to.deep.equal([{ code: 'configuration', message: 'It cannot be measured.' }]);
      expect(await verify(await backedUp(), 'identical')).to.deep.include({ reached: 'restorable', damage: null });
      expect((await verify(await backedUp(), 'identical')).findings[0]).to.include({ code: 'no_content' });
    });

    it('stops when it is told to, and still drops what it made', async () => {
      const engine = new FakeEngine(Buffer.alloc(0));
      const stop = new AbortController();
      engine.onChunk = () => stop.abort(new HoldfastError('cancelled'));
      const error = await verify(await backedUp(), 'restorable', { engine, signal: stop.signal }).catch(
        (thrown: unknown) => thrown,
      );
      expect(error).to.include({ code: 'cancelled' });
      expect(engine.dropped).to.have.length(2);
    });

    it('drops nothing after its lease was lost: what is there may be the next attempt’s', async () => {
      const engine = new FakeEngine(Buffer.alloc(0));
      const lost = new AbortController();
      engine.onChunk = () => lost.abort(new HoldfastError('lease_lost'));
      await verify(await backedUp(), 'restorable', { engine, signal: lost.signal }).catch(() => undefined);
      expect(engine.dropped).to.deep.equal([verificationId]);
    });
  });
});
