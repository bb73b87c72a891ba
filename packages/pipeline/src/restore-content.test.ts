import { expect } from 'chai';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { HoldfastError, noKeys, type ContentManifest, type Engine } from '@holdfast/shared/domain';
import {
  FakeEngine,
  MemoryStore,
  backupRow,
  connectionRow,
  countingIds,
  fixedClock,
  restoreRow,
} from '@holdfast/testing/fakes';
import { runBackup } from './backup.ts';
import { zstd } from './codecs/index.ts';
import { preflight } from './preflight.ts';
import { requestOf } from './restore-request.ts';
import { runRestore, type RestoreRun } from './restore.ts';

const signal = new AbortController().signal;
const limits = { dumpSeconds: 60, storeSeconds: 60, restoreSeconds: 60 };
const measured: ContentManifest = {
  version: 1,
  level: 'full',
  algorithm: 'fake',
  items: [{ kind: 'table', name: 'public.orders', count: 3, digest: 'ab', share: 1 }],
  missing: [],
};

async function backedUp(content: ContentManifest | null = measured) {
  const engine = new FakeEngine(Buffer.alloc(10_000, 'row'));
  engine.measured = content;
  const store = new MemoryStore();
  const outcome = await runBackup({
    backup: backupRow(),
    database: { ...connectionRow(), options: { globals: true } },
    engine,
    store,
    codecs: [zstd()],
    content: { content: 'full', contentSeconds: 60 },
    keys: noKeys,
    ids: countingIds(),
    clock: fixedClock,
    limits,
    signal,
    onProgress: () => undefined,
  });
  return { store, ...outcome };
}

type Backup = Awaited<ReturnType<typeof backedUp>>;

/** Flips a bit in the middle of the file with that role. */
function damage({ store, files }: Backup, role: string): void {
  const key = files.find((file) => file.role === role)?.key ?? '';
  const stored = Buffer.from(store.objects.get(key) ?? '');
  stored[stored.length >> 1] = (stored[stored.length >> 1] ?? 0) ^ 1;
  store.objects.set(key, stored);
}

function remove({ store, files }: Backup, role: string): void {
  store.objects.delete(files.find((file) => file.role === role)?.key ?? '');
}

const idsOf = ({ files }: Backup, role: string): string[] =>
  files.filter((file) => file.role === role).map(({ id }) => id);

describe('the content that a restore is held against', () => {
  const restore = ({ store, manifestKey }: Backup, engine: FakeEngine, change: Partial<RestoreRun> = {}) =>
    runRestore({
      restore: restoreRow(),
      manifestKey,
      database: connectionRow(),
      engine,
      store,
      keys: noKeys,
      fileIds: null,
      compares: true,
      limits,
      signal,
      onProgress: () => undefined,
      ...change,
    });

  it("is the backup's content manifest, also where the dump alone is chosen", async () => {
    const backup = await backedUp();
    for (const fileIds of [null, idsOf(backup, 'dump')]) {
      const engine = new FakeEngine(Buffer.alloc(0));
      await restore(backup, engine, { fileIds });
      expect(engine.requests.map(({ expected }) => expected)).to.deep.equal([measured]);
    }
  });

  it('is none where the backup has none, or where nothing is to be compared', async () => {
    const engine = new FakeEngine(Buffer.alloc(0));
    await restore(await backedUp(null), engine);
    const backup = await backedUp();
    damage(backup, 'content');
    await restore(backup, engine, { compares: false });
    expect(engine.requests.map(({ expected }) => expected)).to.deep.equal([null, null]);
  });

  it('is read and proven before anything is touched', async () => {
    const backup = await backedUp();
    damage(backup, 'content');
    const engine = new FakeEngine(Buffer.alloc(0));
    const error: unknown = await restore(backup, engine).catch((thrown: unknown) => thrown);
    expect(error).to.include({ code: 'integrity' });
    expect([engine.restoredRoles.length, engine.received]).to.deep.equal([0, 0]);
  });

  it('is not demanded of a damaged backup that somebody insists on: its dump comes back, and the outcome says what that lacks', async () => {
    const insisting = { restore: restoreRow({ allowDamaged: true }) };
    for (const spoil of [damage, remove]) {
      const backup = await backedUp();
      spoil(backup, 'content');
      const engine = new FakeEngine(Buffer.alloc(0));
      const { outcome } = await restore(backup, engine, insisting);
      expect(outcome).to.include('not compared with what was backed up').and.include('content.json');
      expect(engine.requests.map(({ expected }) => expected)).to.deep.equal([null]);
    }
    const worse = await backedUp();
    damage(worse, 'dump');
    const error: unknown = await restore(worse, new FakeEngine(Buffer.alloc(0)), insisting).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).to.include({ code: 'integrity' });
  });

  it('comes without roles where a part is chosen, unless their file is asked for', async () => {
    const backup = await backedUp();
    const part = { restore: restoreRow({ selection: { schemas: ['public'], tables: [] } }) };
    const engine = new FakeEngine(Buffer.alloc(0));
    await restore(backup, engine, part);
    expect(engine.restoredRoles).to.have.length(0);
    await restore(backup, engine, { ...part, fileIds: [...idsOf(backup, 'dump'), ...idsOf(backup, 'globals')] });
    expect(engine.restoredRoles).to.have.length(1);
  });

  it('names the database that keeps the former content where the restore asks for that', async () => {
    const engine = new FakeEngine(Buffer.alloc(0));
    const kept = await restore(await backedUp(), engine, { restore: restoreRow({ keepHours: 5 }) });
    expect(kept).to.deep.equal({ outcome: 'The roles are there. shop holds the backup.', former: 'shop_former' });
    expect(await restore(await backedUp(), engine)).to.not.have.property('former');
  });

  it('tells what is done before the dump begins, once and only where something is', async () => {
    const backup = await backedUp();
    const parts: string[] = [];
    const engine = new FakeEngine(Buffer.alloc(0));
    const onPart = async (done: string): Promise<boolean> => {
      expect(engine.received).to.equal(0);
      parts.push(done);
      return true;
    };
    await restore(backup, engine, { onPart, fileIds: idsOf(backup, 'dump') });
    expect(parts).to.deep.equal([]);
    const fresh = new FakeEngine(Buffer.alloc(0));
    await restore(backup, fresh, { onPart: async (done) => parts.push(done) > 0 });
    expect(parts).to.deep.equal(['The roles are there.']);
  });

  it('comes without roles where owners are not kept, unless their file is asked for', async () => {
    const backup = await backedUp();
    const beside = restoreRow({ target: { mode: 'new_database', database: 'beside' }, ownership: 'skip' });
    const engine = new FakeEngine(Buffer.alloc(0));
    damage(backup, 'globals');
    expect(await restore(backup, engine, { restore: beside })).to.deep.equal({ outcome: 'beside holds the backup.' });
    damage(backup, 'globals');
    expect(engine.restoredRoles).to.have.length(0);
    const both = [...idsOf(backup, 'dump'), ...idsOf(backup, 'globals')];
    await restore(backup, engine, { restore: beside, fileIds: both });
    expect(engine.restoredRoles).to.have.length(1);
  });

  it('tells what was done once: in the failure only where it was not noted', async () => {
    const messages: string[] = [];
    for (const isNoted of [true, false]) {
      const engine = new FakeEngine(Buffer.alloc(0));
      engine.onChunk = () => {
        throw new HoldfastError('restore_killed', 'It was ended.');
      };
      const onPart = async (): Promise<boolean> => isNoted;
      const error: unknown = await restore(await backedUp(), engine, { onPart }).catch((thrown: unknown) => thrown);
      messages.push((error as HoldfastError).message);
    }
    expect(messages).to.deep.equal(['It was ended.', 'It was ended. Before that: The roles are there.']);
  });

  it('never hides what was done by a failure that nobody foresaw', async () => {
    const engine = new FakeEngine(Buffer.alloc(0));
    engine.onChunk = () => {
      throw new TypeError('unforeseen');
    };
    const error: unknown = await restore(await backedUp(), engine).catch((thrown: unknown) => thrown);
    expect(error).to.include({ code: 'internal' });
    expect(String(error)).to.match(/Before that: The roles are there\.$/);
    expect((error as HoldfastError).cause).to.be.instanceOf(TypeError);
  });
});

describe('preflight', () => {
  const roles = { severity: 'warning', code: 'roles', message: 'Somebody may log in.' } as const;
  const look = (
    { store, manifestKey, manifestSha256 }: Backup,
    engine: Engine,
    fileIds: string[] | null = null,
    wanted = restoreRow(),
  ) =>
    preflight({
      request: requestOf(wanted),
      manifestKey,
      manifestSha256,
      database: connectionRow(),
      engine,
      store,
      keys: noKeys,
      fileIds,
      signal,
    });

  it('gives the engine what the backup says of itself, and reads no dump', async () => {
    const backup = await backedUp();
    const engine = new FakeEngine(Buffer.alloc(0));
    let seen: unknown;
    const seeing: Engine['preflight'] = async (_connection, _request, subject) => {
      seen = subject;
      return [{ severity: 'note', code: 'version', message: 'Fine.' }];
    };
    engine.preflight = seeing as typeof engine.preflight;
    damage(backup, 'dump');
    const report = await look(backup, engine);
    expect(seen).to.deep.include({ serverVersion: '1', plainBytes: 10_000, content: measured });
    expect(report).to.deep.equal({
      findings: [roles, { severity: 'note', code: 'version', message: 'Fine.' }],
      plainBytes: 10_000 + engine.roles.length,
    });
    expect([engine.received, engine.restoredRoles.length]).to.deep.equal([0, 0]);
  });

  it('asks nothing of a database that the chosen files do not touch', async () => {
    const backup = await backedUp();
    const engine = new FakeEngine(Buffer.alloc(0));
    engine.preflight = () => expect.fail('it asked');
    const report = await look(backup, engine, idsOf(backup, 'globals'));
    expect(report).to.deep.equal({ findings: [roles], plainBytes: engine.roles.length });
  });

  it('tells what the roles would change where they come along, by their proven bytes, and only there', async () => {
    const backup = await backedUp();
    const engine = new FakeEngine(Buffer.alloc(0));
    const seen: Buffer[] = [];
    const own = engine.globals.preflight;
    engine.globals.preflight = async (connection, input, context) => {
      const bytes = await buffer(input);
      seen.push(bytes);
      return own(connection, Readable.from([bytes]), context);
    };
    const beside = restoreRow({ target: { mode: 'new_database', database: 'beside' }, ownership: 'skip' });
    expect((await look(backup, engine, null, beside)).findings).to.deep.equal([]);
    expect((await look(backup, engine, idsOf(backup, 'dump'))).findings).to.deep.equal([]);
    expect(seen).to.deep.equal([]);
    const both = [...idsOf(backup, 'dump'), ...idsOf(backup, 'globals')];
    for (const report of [await look(backup, engine), await look(backup, engine, both, beside)]) {
      expect(report.findings).to.deep.equal([roles]);
    }
    expect(seen).to.deep.equal([engine.roles, engine.roles]);
    const told = engine.subjects.map(({ roles: coming }) => coming);
    expect(told, 'the dump is looked at in the knowledge of them').to.deep.equal([[], [], ['somebody'], ['somebody']]);
    damage(backup, 'globals');
    expect(await look(backup, engine).catch((error: unknown) => error)).to.include({ code: 'integrity' });
    expect(seen).to.have.length(2);
  });

  it('fails as the restore would on a manifest that is damaged or not there', async () => {
    const backup = await backedUp();
    const stored = backup.store.objects.get(backup.manifestKey) ?? Buffer.alloc(0);
    backup.store.objects.set(backup.manifestKey, Buffer.from(stored.toString().replace('"shop"', '"shoq"')));
    const engine = new FakeEngine(Buffer.alloc(0));
    expect(await look(backup, engine).catch((error: unknown) => error)).to.include({ code: 'integrity' });
    backup.store.objects.delete(backup.manifestKey);
    expect(await look(backup, engine).catch((error: unknown) => error)).to.include({ code: 'object_missing' });
  });
});
