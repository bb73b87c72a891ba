import { expect } from 'chai';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import * as fc from 'fast-check';
import { manifestSchema } from '@holdfast/shared/contracts';
import { HoldfastError, noKeys, type DatabaseOptions, type Dump } from '@holdfast/shared/domain';
import {
  FakeEngine,
  MemoryStore,
  backupRow,
  countingIds,
  connectionRow,
  fixedClock,
  restoreRow,
} from '@holdfast/testing/fakes';
import { runBackup, type BackupOutcome } from './backup.ts';
import { gzip, zstd, type Codec } from './codecs/index.ts';
import { HeldTail } from './held-tail.ts';
import { manifestText } from './manifest.ts';
import { runRestore, type RestoreRun } from './restore.ts';

const forever = new AbortController().signal;
const limits = { dumpSeconds: 60, storeSeconds: 60, restoreSeconds: 60 };
const content = Buffer.concat([randomBytes(700_000), Buffer.alloc(800_000, 'row\t'), randomBytes(300_000)]);

async function backedUp(
  codecs: readonly Codec[] = [zstd()],
  plain = content,
  options: DatabaseOptions = {},
  engine = new FakeEngine(plain),
): Promise<BackupOutcome & { store: MemoryStore; key: string; stored: Buffer }> {
  const store = new MemoryStore();
  const outcome = await runBackup({
    backup: backupRow(),
    database: { ...connectionRow(), options },
    engine,
    store,
    codecs,
    keys: noKeys,
    ids: countingIds(),
    clock: fixedClock,
    limits,
    signal: forever,
    onProgress: () => undefined,
  });
  const key = outcome.files[0]?.key ?? '';
  return { ...outcome, store, key, stored: store.objects.get(key) ?? Buffer.alloc(0) };
}

function run(
  change: Partial<RestoreRun> & Pick<RestoreRun, 'store' | 'manifestKey' | 'engine'>,
): ReturnType<typeof runRestore> {
  return runRestore({
    restore: restoreRow(),
    database: connectionRow(),
    keys: noKeys,
    fileIds: null,
    compares: true,
    limits,
    signal: forever,
    onProgress: () => undefined,
    ...change,
  });
}

/** One whose dumps are of a part. */
class PartEngine extends FakeEngine {
  override async dump(...asked: Parameters<FakeEngine['dump']>): Promise<Dump> {
    return { ...(await super.dump(...asked)), part: { exclude: { table_data: ['public.log'] } } };
  }
}

async function failure(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => expect.fail('it succeeded'),
    (error: unknown) => error,
  );
}

describe('runRestore', () => {
  it('gives the engine exactly the bytes that it made, and reports progress', async () => {
    const { store, manifestKey } = await backedUp();
    const engine = new FakeEngine(Buffer.alloc(0));
    let last = { progressBytes: -1, estimatedBytes: null as number | null };
    const report = await run({ store, manifestKey, engine, onProgress: (progress) => (last = progress) });
    expect(engine.restored?.equals(content)).to.equal(true);
    expect(last).to.deep.equal({ progressBytes: content.length, estimatedBytes: content.length });
    expect(report.outcome).to.equal('shop holds the backup.');
  });

  for (const codecs of [[zstd()], [gzip()], [zstd(), gzip()], []]) {
    const names = codecs.map((codec) => codec.name).join('+') || 'no codec';

    it(`never lets the engine finish, nor see the last bytes, when a bit was flipped (${names})`, async () => {
      const { store, manifestKey, key, stored } = await backedUp(codecs);
      await fc.assert(
        fc.asyncProperty(fc.nat(stored.length * 8 - 1), async (bit) => {
          const flipped = Buffer.from(stored);
          flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
          store.objects.set(key, flipped);
          const engine = new FakeEngine(Buffer.alloc(0));
          expect(await failure(run({ store, manifestKey, engine }))).to.include({ code: 'integrity' });
          expect(engine.restored).to.equal(null);
          expect(engine.received).to.be.lessThan(content.length);
        }),
        { numRuns: 40 },
      );
    });

    it(`never lets the engine finish when the object is cut or grows (${names})`, async () => {
      const { store, manifestKey, key, stored } = await backedUp(codecs);
      await fc.assert(
        fc.asyncProperty(fc.nat(stored.length + 100), async (length) => {
          fc.pre(length !== stored.length);
          store.objects.set(key, Buffer.concat([stored, stored]).subarray(0, length));
          const engine = new FakeEngine(Buffer.alloc(0));
          expect(await failure(run({ store, manifestKey, engine }))).to.include({ code: 'integrity' });
          expect(engine.restored).to.equal(null);
        }),
        { numRuns: 25 },
      );
    });
  }

  it('notices an object that decodes but is another one', async () => {
    const [one, two] = [await backedUp(), await backedUp([zstd()], Buffer.from(content).fill(1, 0, 9))];
    one.store.objects.set(one.key, two.stored);
    const engine = new FakeEngine(Buffer.alloc(0));
    const error = await failure(run({ store: one.store, manifestKey: one.manifestKey, engine }));
    expect(error).to.include({ code: 'integrity' });
    expect(engine.restored).to.equal(null);
  });

  it('restores a backup of a part into a new database alone, and asks the server for nothing otherwise', async () => {
    const made = await backedUp([zstd()], content, { globals: true }, new PartEngine(content));
    expect(made.manifest.part).to.deep.equal({ exclude: { table_data: ['public.log'] } });
    const engine = new FakeEngine(Buffer.alloc(0));
    const error = await failure(run({ ...made, engine, restore: restoreRow({ target: { mode: 'in_place' } }) }));
    expect(error).to.include({ code: 'configuration' });
    expect((error as Error).message)
      .to.contain('public.log')
      .and.contain('into a new database');
    expect([engine.requests, engine.restoredRoles]).to.deep.equal([[], []]);
    const target = { mode: 'new_database', database: 'beside' } as const;
    await run({ ...made, engine, restore: restoreRow({ target }) });
    expect(engine.requests[0]?.part).to.deep.equal(made.manifest.part);
  });

  it('refuses a manifest that is damaged, of another backup, or missing', async () => {
    const { store, manifestKey } = await backedUp();
    const engine = new FakeEngine(Buffer.alloc(0));
    const stranger = restoreRow({ backupId: '018f0000-0000-7000-8000-0000000000ff' });
    expect(await failure(run({ store, manifestKey, engine, restore: stranger }))).to.include({ code: 'integrity' });
    for (const text of ['', '{}', 'null', '{"version":2}', 'x'.repeat(5_000_000)]) {
      store.objects.set(manifestKey, Buffer.from(text));
      expect(await failure(run({ store, manifestKey, engine }))).to.include({ code: 'integrity' });
    }
    store.objects.delete(manifestKey);
    expect(await failure(run({ store, manifestKey, engine }))).to.include({ code: 'object_missing' });
    expect(engine.received).to.equal(0);
  });

  it('restores the chosen file and refuses one that the backup does not have', async () => {
    const { store, manifestKey, files } = await backedUp();
    const engine = new FakeEngine(Buffer.alloc(0));
    const unknown = ['018f0000-0000-7000-8000-0000000000ff'];
    expect(await failure(run({ store, manifestKey, engine, fileIds: unknown }))).to.include({ code: 'object_missing' });
    expect(await failure(run({ store, manifestKey, engine, fileIds: [] }))).to.include({ code: 'configuration' });
    await run({ store, manifestKey, engine, fileIds: files.map((file) => file.id) });
    expect(engine.restored?.equals(content)).to.equal(true);
  });

  describe('of a backup with globals', () => {
    const withGlobals = () => backedUp([zstd()], content, { globals: true });
    const idOf = ({ files }: BackupOutcome, role: string): string[] =>
      files.filter((file) => file.role === role).map(({ id }) => id);

    it('restores the globals first, then the dump, and says what became of both', async () => {
      const { store, manifestKey } = await withGlobals();
      const engine = new FakeEngine(Buffer.alloc(0));
      engine.onChunk = () => {
        expect(engine.restoredRoles).to.have.length(1);
      };
      let last = {};
      const { outcome } = await run({ store, manifestKey, engine, onProgress: (progress) => (last = progress) });
      expect(engine.restoredRoles[0]?.equals(engine.roles)).to.equal(true);
      expect(engine.restored?.equals(content)).to.equal(true);
      expect(outcome).to.equal('The roles are there. shop holds the backup.');
      const all = content.length + engine.roles.length;
      expect(last).to.deep.equal({ progressBytes: all, estimatedBytes: all });
    });

    it('restores the globals alone when they alone are chosen, and says that the database was not touched', async () => {
      const backup = await withGlobals();
      const engine = new FakeEngine(Buffer.alloc(0));
      engine.restore = () => expect.fail('it touched the database');
      const seen: { progressBytes: number; estimatedBytes: number | null }[] = [];
      const { outcome } = await run({
        ...backup,
        engine,
        fileIds: idOf(backup, 'globals'),
        onProgress: (p) => seen.push(p),
      });
      expect(engine.restoredRoles).to.have.length(1);
      expect(outcome).to.equal('The roles are there. Database "shop" was not touched.');
      expect(seen.at(-1)).to.deep.equal({ progressBytes: engine.roles.length, estimatedBytes: engine.roles.length });
    });

    it('restores the dump alone when it alone is chosen', async () => {
      const backup = await withGlobals();
      const engine = new FakeEngine(Buffer.alloc(0));
      const { outcome } = await run({ ...backup, engine, fileIds: idOf(backup, 'dump') });
      expect(engine.restoredRoles).to.deep.equal([]);
      expect(engine.restored?.equals(content)).to.equal(true);
      expect(outcome).to.equal('shop holds the backup.');
    });

    it('never lets the engine finish with globals that were changed, and begins no dump', async () => {
      const backup = await withGlobals();
      const key = backup.files[1]?.key ?? '';
      const stored = backup.store.objects.get(key) ?? Buffer.alloc(0);
      for (let at = 0; at < stored.length; at++) {
        const changed = Buffer.from(stored);
        changed[at] = (changed[at] ?? 0) ^ 1;
        backup.store.objects.set(key, changed);
        const engine = new FakeEngine(Buffer.alloc(0));
        expect(await failure(run({ ...backup, engine }))).to.include({ code: 'integrity' });
        expect(engine.restoredRoles).to.deep.equal([]);
        expect(engine.received).to.equal(0);
      }
    });

    it('touches no role when the dump that is to follow is damaged', async () => {
      const backup = await withGlobals();
      const key = backup.files[0]?.key ?? '';
      const stored = Buffer.from(backup.store.objects.get(key) ?? Buffer.alloc(0));
      stored[stored.length - 20] = (stored.at(-20) ?? 0) ^ 1;
      backup.store.objects.set(key, stored);
      const engine = new FakeEngine(Buffer.alloc(0));
      expect(await failure(run({ ...backup, engine }))).to.include({ code: 'integrity' });
      expect(engine.restoredRoles).to.deep.equal([]);
      expect(engine.received).to.equal(0);
    });

    it('says in the failure of the dump that the globals are restored', async () => {
      const { store, manifestKey } = await withGlobals();
      const engine = new FakeEngine(Buffer.alloc(0));
      engine.onChunk = () => {
        throw new HoldfastError('restore_killed', 'pg_restore was ended by SIGKILL.');
      };
      const error = await failure(run({ store, manifestKey, engine }));
      expect(error).to.include({
        code: 'restore_killed',
        message: 'pg_restore was ended by SIGKILL. Before that: The roles are there.',
      });
    });

    it('refuses a format that the engine does not read before anything is changed', async () => {
      for (const role of ['dump', 'globals']) {
        const { store, manifestKey, manifest } = await withGlobals();
        const files = manifest.files.map((file) => (file.role === role ? { ...file, format: 'tar' } : file));
        const other = manifestSchema.parse({ ...manifest, files });
        store.objects.set(manifestKey, Buffer.from(manifestText(other)));
        const engine = new FakeEngine(Buffer.alloc(0));
        const error = await failure(run({ store, manifestKey, engine }));
        expect(error).to.include({ code: 'configuration' });
        expect(String(error)).to.contain('"tar"');
        expect(engine.restoredRoles).to.deep.equal([]);
        expect(engine.received).to.equal(0);
      }
    });

    it('refuses two files of one role', async () => {
      const { store, manifestKey, manifest } = await withGlobals();
      const files = [...manifest.files, ...manifest.files];
      store.objects.set(manifestKey, Buffer.from(manifestText({ ...manifest, files })));
      const engine = new FakeEngine(Buffer.alloc(0));
      expect(await failure(run({ store, manifestKey, engine }))).to.include({ code: 'configuration' });
      expect(engine.restoredRoles).to.deep.equal([]);
    });
  });

  for (const codec of [zstd(), gzip()]) {
    it(`never calls a backup damaged (${codec.name}) because the restore program stopped reading it in its middle`, async () => {
      const { store, manifestKey, key, stored } = await backedUp([codec], randomBytes(20_000_000));
      const get = store.get.bind(store);
      store.get = async (asked, options) => {
        if (asked !== key) return get(asked, options);
        const unended = new Readable({ read: () => undefined });
        unended.push(stored.subarray(0, -1000));
        return unended;
      };
      const engine = new FakeEngine(Buffer.alloc(0));
      // As after a killed program: the input is let go at once, and why is said when what was built is dropped.
      engine.restore = async (_connection, _request, input) => {
        await once(input, 'readable');
        input.destroy();
        await delay(50);
        throw new HoldfastError('restore_killed', 'pg_restore was ended by SIGKILL.');
      };
      expect(await failure(run({ store, manifestKey, engine }))).to.include({ code: 'restore_killed' });
    });
  }

  it('throws what the engine failed with', async () => {
    const { store, manifestKey } = await backedUp();
    const engine = new FakeEngine(Buffer.alloc(0));
    const cause = new HoldfastError('restore_failed', 'ERROR: syntax');
    engine.onChunk = () => {
      throw cause;
    };
    expect(await failure(run({ store, manifestKey, engine }))).to.equal(cause);
  });

  it('fails when the engine is content before the archive ended', async () => {
    const { store, manifestKey } = await backedUp();
    const engine = new FakeEngine(Buffer.alloc(0));
    engine.restore = async (connection) => {
      return { tool: { name: 'x', version: '1' }, serverVersion: '1', database: connection.database, outcome: 'fine' };
    };
    expect(await failure(run({ store, manifestKey, engine }))).to.include({ code: 'restore_failed' });
  });

  it("throws the store's error when it stops giving, and the signal's reason when it is aborted", async () => {
    const { store, manifestKey } = await backedUp();
    const controller = new AbortController();
    const reason = new HoldfastError('cancelled');
    const engine = new FakeEngine(Buffer.alloc(0));
    engine.onChunk = () => controller.abort(reason);
    expect(await failure(run({ store, manifestKey, engine, signal: controller.signal }))).to.equal(reason);
    expect(engine.restored).to.equal(null);

    const lost = new HoldfastError('store_unreachable', 'gone');
    const get = store.get.bind(store);
    store.get = async (key, options) => {
      const body: Readable = await get(key, options);
      if (!key.endsWith('manifest.json')) body.once('data', () => body.destroy(lost));
      return body;
    };
    const other = new FakeEngine(Buffer.alloc(0));
    expect(await failure(run({ store, manifestKey, engine: other }))).to.equal(lost);
    expect(other.restored).to.equal(null);
  });
});

describe('a restore that is cancelled', () => {
  it('is done when the engine has put the content in place meanwhile', async () => {
    const { store, manifestKey } = await backedUp();
    const engine = new FakeEngine(Buffer.alloc(0));
    const cancel = new AbortController();
    const whole = engine.restore.bind(engine);
    engine.restore = async (connection, request, input) => {
      const report = await whole(connection, request, input, { signal: forever });
      cancel.abort(new HoldfastError('cancelled'));
      return report;
    };
    const { outcome } = await run({ store, manifestKey, engine, signal: cancel.signal });
    expect(outcome).to.equal('shop holds the backup.');
  });

  it('is cancelled when the engine has not', async () => {
    const { store, manifestKey } = await backedUp();
    const engine = new FakeEngine(Buffer.alloc(0));
    const cancel = new AbortController();
    engine.onChunk = () => cancel.abort(new HoldfastError('cancelled'));
    expect(await failure(run({ store, manifestKey, engine, signal: cancel.signal }))).to.include({ code: 'cancelled' });
    expect(engine.restored).to.equal(null);
  });
});

describe('HeldTail', () => {
  it('keeps at least 64 KiB back until the check allowed the end', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 90_000 }), { maxLength: 12 }), async (sizes) => {
        const total = sizes.reduce((sum, size) => sum + size, 0);
        let passed = 0;
        let atCheck = -1;
        const tail = new HeldTail(() => {
          atCheck = passed;
        });
        tail.on('data', (chunk: Buffer) => (passed += chunk.length));
        for (const size of sizes) tail.write(Buffer.alloc(size));
        tail.end();
        await finished(tail);
        expect(atCheck).to.be.at.most(Math.max(0, total - 65_536));
        expect(passed).to.equal(total);
      }),
    );
  });
});
