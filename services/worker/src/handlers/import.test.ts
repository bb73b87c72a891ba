import { expect } from 'chai';
import { createHash, randomBytes } from 'node:crypto';
import { manifestText, parseManifest } from '@holdfast/pipeline';
import type { Manifest } from '@holdfast/shared/contracts';
import { HoldfastError, type BackupPart, type Import, type ObjectStore } from '@holdfast/shared/domain';
import { systemClock, systemIds } from '@holdfast/shared/lifecycle';
import { FakeEngine, MemoryStore } from '@holdfast/testing/fakes';
import { testDatabase, type TestDatabase } from '@holdfast/testing/postgres';
import { openBed, type Bed } from '../testing/bed.ts';
import { createHandlers } from './index.ts';

const never = new AbortController().signal;
const context = { jobId: 'job', signal: never };
const elsewhere = '018f0000-0000-7000-8000-0000000000ff';

describe('destination.import@1', () => {
  let database: TestDatabase;
  let bed: Bed;
  let store: MemoryStore;
  /** Of what the dumps are. */
  let part: BackupPart | null = null;

  before(async () => {
    database = await testDatabase();
    bed = await openBed(database.url);
  });
  after(async () => {
    await bed.close();
    await database.drop();
  });
  beforeEach(async () => {
    await database.query(
      'truncate holdfast.backups, holdfast.imports, holdfast.orphans, holdfast.reconciliations cascade',
    );
    store = new MemoryStore();
    part = null;
  });

  function handlers() {
    return createHandlers({
      settings: bed.settings({ HOLDFAST_ORPHAN_GRACE_SECONDS: '0.001' }),
      logger: bed.logger,
      persistence: bed.persistence,
      startConsumers: () => Promise.reject(new Error('not here')),
      engines: { types: ['postgresql'], get: () => Object.assign(new FakeEngine(randomBytes(20_000)), { part }) },
      openStore: (): ObjectStore => store,
      clock: systemClock,
      ids: systemIds,
      workerName: 'worker-1',
      stopping: never,
    });
  }
  const place = (): number => bed.database.destinationId;

  async function imported(signal = never): Promise<Import> {
    const { imports } = bed.persistence;
    await imports.request(bed.database.accountId, place(), 'r-1');
    await handlers()['destination.import@1']({ destinationId: place(), requestId: 'r-1' }, { ...context, signal });
    const found = await imports.find(place());
    if (!found) throw new Error('There is no record of the import.');
    return found;
  }
  async function reconcile(): Promise<void> {
    await bed.persistence.reconciliations.request(place(), 'r-2');
    await handlers()['destination.reconcile@1']({ destinationId: place(), requestId: 'r-2' }, context);
  }
  async function backUp(count: number): Promise<string[]> {
    const ids: string[] = [];
    for (let turn = 0; turn < count; turn += 1) {
      const { id } = await bed.newBackup();
      await handlers()['backup.run@1']({ backupId: id, requestId: null }, context);
      ids.push(id);
    }
    return ids;
  }
  /** As if the service's own database had been lost. */
  const forget = (): Promise<unknown> => database.query('truncate holdfast.backups cascade');
  const manifestOf = (id: string): { key: string; manifest: Manifest } => {
    const key = [...store.objects.keys()].find((one) => one.includes(id) && one.endsWith('manifest.json')) ?? '';
    return { key, manifest: parseManifest(store.objects.get(key) ?? Buffer.alloc(0), key) };
  };

  it('brings back what was lost as it was, once, and reconciliation then finds nothing to do', async () => {
    const [first = ''] = await backUp(1);
    part = { include: { schemas: ['billing'] }, exclude: { table_data: ['billing.log'] } };
    const [second = ''] = await backUp(1);
    const rows = [await bed.backup(first), await bed.backup(second)];
    expect(rows.map((row) => row.part)).to.deep.equal([null, part]);
    const files = await bed.persistence.backups.filesOf([first, second]);
    const before = new Map(store.objects);
    await forget();
    expect((await imported()).report).to.deep.include({
      manifests: 2,
      imported: 2,
      known: 0,
      databases: 0,
      refused: [],
    });
    for (const row of rows) {
      const { importedAt, ...backup } = await bed.backup(row.id);
      expect(importedAt).to.be.instanceOf(Date);
      for (const name of [
        'name',
        'manifestKey',
        'manifestSha256',
        'size',
        'createdAt',
        'method',
        'attempt',
        'part',
      ] as const) {
        expect(backup[name], name).to.deep.equal(row[name]);
      }
    }
    const byId = (one: { id: string }, other: { id: string }): number => (one.id < other.id ? -1 : 1);
    const now = await bed.persistence.backups.filesOf([first, second]);
    expect(now.toSorted(byId)).to.deep.equal(files.toSorted(byId));
    expect((await imported()).report).to.deep.include({ manifests: 2, imported: 0, known: 2 });
    await reconcile();
    expect((await bed.persistence.reconciliations.find(place()))?.report).to.deep.include({ backups: 2, orphans: 0 });
    expect([...store.objects]).to.deep.equal([...before]);
  });

  it('comes in time when the catalogue is empty: a comparison before it removes nothing', async () => {
    await backUp(2);
    await forget();
    const before = [...store.objects.keys()];
    await reconcile();
    const { reconciliations } = bed.persistence;
    expect((await reconciliations.find(place()))?.report).to.deep.include({ orphans: 4, known: 0, removed: 0 });
    expect([...store.objects.keys()]).to.deep.equal(before);
    expect(await reconciliations.orphans(place(), 10)).to.have.length(4);
    await imported();
    await reconcile();
    expect(await reconciliations.orphans(place(), 10)).to.deep.equal([]);
    expect([...store.objects.keys()]).to.deep.equal(before);
  });

  it('names what it refuses, and why, and takes the rest', async () => {
    const [good = '', flipped = '', cut = '', newer = '', tried = '', moved = '', named = '', inPart = '', twice = ''] =
      await backUp(9);
    await forget();
    const change = (id: string, bytes: (text: Buffer) => Buffer): string => {
      const { key } = manifestOf(id);
      store.objects.set(key, bytes(Buffer.from(store.objects.get(key) ?? '')));
      return key;
    };
    const rewrite = (id: string, own: Partial<Manifest>): string => {
      const { manifest } = manifestOf(id);
      return change(id, () => Buffer.from(manifestText({ ...manifest, ...own })));
    };
    const reasons: [key: string, reason: string][] = [
      [
        change(flipped, (text) => {
          text[100] = (text[100] ?? 0) ^ 1;
          return text;
        }),
        'does not have the digest',
      ],
      [change(cut, (text) => text.subarray(0, 500)), 'does not end with its digest'],
      [
        change(newer, (text) => {
          const body = String(text).slice(0, -81).replace('"version": 1', '"version": 2');
          return Buffer.from(`${body}  "sha256": "${createHash('sha256').update(body).digest('hex')}"\n}\n`);
        }),
        'use a newer one',
      ],
      [rewrite(tried, { attempt: 7 }), 'it belongs to'],
      [rewrite(moved, { databaseId: elsewhere }), 'it belongs to'],
      [rewrite(named, { database: 'host=evil.example' }), 'the name of its database'],
      [rewrite(inPart, { part: { include: { schemas: ['a\0b'] } } }), 'characters that no name has'],
      [
        rewrite(twice, { files: [...manifestOf(twice).manifest.files, ...manifestOf(twice).manifest.files] }),
        'it names a file twice',
      ],
    ];
    store.objects.set('notes/manifest.json', Buffer.from('{}'));
    const { report } = await imported();
    expect(report).to.include({ manifests: 10, imported: 1, refusedCount: 9 });
    expect((await bed.persistence.backups.find(good))?.status).to.equal('done');
    for (const [key, reason] of reasons) {
      const refused = report?.refused.find((one) => one.key === key);
      expect(refused?.reason, key).to.contain(reason);
    }
  });

  it('takes over a backup without its objects as damaged, and says so', async () => {
    const [missing = '', shorter = ''] = await backUp(2);
    await forget();
    const dumpOf = (id: string): string => manifestOf(id).manifest.files[0]?.key ?? '';
    store.objects.delete(dumpOf(missing));
    store.objects.set(dumpOf(shorter), Buffer.alloc(5));
    const { report } = await imported();
    expect(report).to.include({ imported: 2, refusedCount: 0, damagedCount: 2 });
    expect(report?.damaged.find(({ key }) => key === manifestOf(missing).key)?.reason).to.contain('is missing');
    expect(await bed.backup(missing)).to.have.nested.property('damage.state', 'missing');
    expect(await bed.backup(shorter)).to.have.nested.property('damage.state', 'changed');
  });

  it('knows until when the store locks what it brings back', async () => {
    const [id = ''] = await backUp(1);
    const until = new Date(Date.now() + 86_400_000);
    store.locks.set(manifestOf(id).key, until);
    await forget();
    await imported();
    expect((await bed.backup(id)).objectLockedUntil).to.deep.equal(until);
  });

  it('adds the database without a connection, under its old name or the next one', async () => {
    const [id = ''] = await backUp(1);
    await forget();
    const { key, manifest } = manifestOf(id);
    const other: Manifest = { ...manifest, databaseId: elsewhere };
    store.objects.clear();
    const moved = (text: string): string => text.replace(manifest.databaseId, elsewhere);
    const files = manifest.files.map((file) => ({ ...file, key: moved(file.key) }));
    store.objects.set(moved(key), Buffer.from(manifestText({ ...other, files })));
    expect((await imported()).report).to.include({ imported: 1, databases: 1, damagedCount: 1 });
    const database_ = await bed.persistence.databases.find(elsewhere);
    expect(database_).to.include({ name: `${bed.database.name} (2)`, host: null, database: 'shop' });
    await forget();
    await bed.persistence.databases.delete(bed.database.accountId, elsewhere);
  });

  it('ends with the reason when the store fails, and keeps what it had taken', async () => {
    await backUp(3);
    await forget();
    const list = store.list.bind(store);
    store.list = async function* broken(prefix) {
      yield* list(prefix);
      throw new HoldfastError('store_unreachable', 'It went away.');
    };
    const failed = await imported();
    expect(failed).to.deep.include({ report: null, requestedAt: null });
    expect(failed.error).to.include({ code: 'store_unreachable' });
    store.list = list;
    expect((await imported()).report).to.include({ manifests: 3, refusedCount: 0 });
  });

  it('is handed back when its worker must stop', async () => {
    await backUp(1);
    await forget();
    const stop = new AbortController();
    const get = store.get.bind(store);
    store.get = (key, options) => {
      stop.abort(new HoldfastError('stopping'));
      return get(key, options);
    };
    const handedBack = await imported(stop.signal);
    expect(handedBack).to.include({ endedAt: null, report: null });
    expect(handedBack.requestedAt).to.be.instanceOf(Date);
    store.get = get;
    expect((await imported()).report).to.include({ imported: 1 });
  });
});
