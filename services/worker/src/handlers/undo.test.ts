import { expect } from 'chai';
import { randomBytes } from 'node:crypto';
import type { JobHandlers } from '@holdfast/shared/contracts';
import { HoldfastError, outcomeOf, type Restore } from '@holdfast/shared/domain';
import { systemClock, systemIds } from '@holdfast/shared/lifecycle';
import { FakeEngine, MemoryStore } from '@holdfast/testing/fakes';
import { testDatabase, type TestDatabase } from '@holdfast/testing/postgres';
import { until } from '@holdfast/testing/until';
import { openBed, type Bed } from '../testing/bed.ts';
import { createHandlers } from './index.ts';

const content = randomBytes(100_000);
const context = { jobId: 'job', signal: new AbortController().signal };

describe('former content and what restores leave done', () => {
  let database: TestDatabase;
  let bed: Bed;
  let store: MemoryStore;
  let engine: FakeEngine;
  let handlers: JobHandlers;
  let backupId: string;

  before(async () => {
    database = await testDatabase();
    bed = await openBed(database.url, { options: { globals: true } });
  });
  after(async () => {
    await bed.close();
    await database.drop();
  });
  beforeEach(async () => {
    await database.query('truncate holdfast.backups cascade');
    store = new MemoryStore();
    engine = new FakeEngine(content);
    handlers = createHandlers({
      settings: bed.settings(),
      logger: bed.logger,
      persistence: bed.persistence,
      startConsumers: () => Promise.reject(new Error('not here')),
      engines: { types: ['postgresql'], get: () => engine },
      openStore: () => store,
      clock: systemClock,
      ids: systemIds,
      workerName: 'worker-1',
      stopping: new AbortController().signal,
    });
    const { id } = await bed.newBackup();
    await handlers['backup.run@1']({ backupId: id, requestId: null }, context);
    backupId = id;
  });

  const run = (id: string) => handlers['restore.run@1']({ restoreId: id, requestId: null }, context);
  const sweep = (id: string) => handlers['restore.sweep@1']({ restoreId: id, requestId: null }, context);
  const again = async (id: string): Promise<void> => {
    await until('the next attempt to be due', 15, async () => (await bed.restore(id)).runAfter <= new Date());
    await run(id);
  };
  const kept = async (): Promise<Restore> => {
    const { id } = await bed.newRestore(backupId, { keepHours: 24 });
    await run(id);
    return await bed.restore(id);
  };
  const undoing = async ({ id, accountId, databaseId }: Restore): Promise<string> => {
    const wanted = { accountId, databaseId, restoreId: id, requestId: null, maxFailures: 3 };
    const made = await bed.persistence.restores.createUndo(wanted);
    if (made === null || typeof made === 'string') throw new Error(`The undoing was refused: ${String(made)}.`);
    return made.id;
  };
  const timeIsOver = () => database.query(`update holdfast.restores set former_until = now() where former is not null`);

  it('is kept where the restore asks for it, and only then', async () => {
    expect(await kept()).to.include({ status: 'done', former: 'shop_former' });
    const { id } = await bed.newRestore(backupId);
    await run(id);
    expect(await bed.restore(id)).to.include({ status: 'done', former: null, formerUntil: null });
    expect(engine.requests.map(({ keepFormer }) => keepFormer)).to.deep.equal([true, false]);
  });

  it('leaves a selection to the engine, as it was asked for', async () => {
    const selection = { schemas: ['billing'], tables: ['public.orders'] };
    const { id } = await bed.newRestore(backupId, { target: { mode: 'new_database', database: 'part' }, selection });
    await run(id);
    expect(await bed.restore(id)).to.include({ status: 'done' });
    expect(engine.requests[0]).to.deep.include({ selection, keepFormer: false });
  });

  it('is swapped back by one undoing, however often that is tried', async () => {
    const restore = await kept();
    const id = await undoing(restore);
    const undoIds: string[] = [];
    engine.onUndo = (undoId) => {
      undoIds.push(undoId);
      if (undoIds.length === 1) throw new HoldfastError('connection_lost', 'The answer was lost.');
    };
    await run(id);
    expect(await bed.restore(id)).to.include({ status: 'scheduled', failures: 1 });
    await again(id);
    expect(await bed.restore(id)).to.include({
      status: 'done',
      outcome: 'shop holds its former content. The roles of the server stay as they were restored.',
      former: null,
    });
    expect([undoIds, engine.undone]).to.deep.equal([[id, id], [restore.id]]);
    expect(await bed.restore(restore.id)).to.include({ former: 'shop_former' });
  });

  it('says of roles after an undoing only where the restore had brought some', async () => {
    const { id: dump } = (await bed.persistence.backups.files(backupId)).find(({ role }) => role === 'dump') ?? {};
    const { id } = await bed.newRestore(backupId, { keepHours: 24, fileIds: dump === undefined ? [] : [dump] });
    await run(id);
    const undo = await undoing(await bed.restore(id));
    await run(undo);
    expect(await bed.restore(undo)).to.include({ status: 'done', outcome: 'shop holds its former content.' });
  });

  it('that is not there any more ends the undoing at once, which says what the target holds', async () => {
    const id = await undoing(await kept());
    engine.onUndo = () => {
      throw new HoldfastError('former_missing', 'It was dropped by hand.');
    };
    await run(id);
    const row = await bed.restore(id);
    expect(row).to.include({ status: 'error', attempt: 1 });
    expect(outcomeOf(row)).to.equal('The target holds what it held before, unchanged.');
  });

  it('is known of an attempt that nobody heard of, as are the roles that it had brought back', async () => {
    const { id } = await bed.newRestore(backupId, { keepHours: 24 });
    engine.onChunk = () => {
      throw new HoldfastError('connection_lost', 'The server went away.');
    };
    await run(id);
    engine.findRestored = async () => ({ outcome: 'shop holds the backup since before.', former: 'shop_kept' });
    await again(id);
    const row = await bed.restore(id);
    expect(row).to.include({ status: 'done', attempt: 2, former: 'shop_kept' });
    expect(row.outcome).to.equal('The roles are there. shop holds the backup since before.');
  });

  it('never hides the roles that a restore had brought back when its dump fails for good, in whichever attempt', async () => {
    const { id } = await bed.newRestore(backupId, { maxFailures: 2 });
    engine.onChunk = () => {
      throw new Error('something unforeseen');
    };
    await run(id);
    const globals = engine.globals.restore.bind(engine.globals);
    engine.globals = { ...engine.globals, restore: () => Promise.reject(new HoldfastError('auth_failed', 'Refused.')) };
    await again(id);
    engine.globals = { ...engine.globals, restore: globals };
    const row = await bed.restore(id);
    expect(row).to.include({ status: 'error', attempt: 2 });
    expect(row.error).to.deep.equal({ code: 'auth_failed', message: 'Refused.' });
    expect(outcomeOf(row)).to.match(
      /^The roles are there\. The roles of the server stay as they were restored\. The target holds either its old content/,
    );
    const attempts = (await bed.persistence.restores.attemptsOf([id])).get(id);
    expect(attempts?.[0]?.error?.message).to.not.contain('roles');
  });

  it('goes on when what is done so far cannot be noted', async () => {
    const { id } = await bed.newRestore(backupId);
    await database.query(
      `alter table holdfast.restores add constraint no_part check (outcome not like 'The roles are there.')`,
    );
    await run(id);
    await database.query('alter table holdfast.restores drop constraint no_part');
    expect(await bed.restore(id)).to.include({
      status: 'done',
      outcome: 'The roles are there. shop holds the backup.',
    });
  });

  it('is dropped by the sweep when its time is over, never before, and not while it is being swapped back', async () => {
    const restore = await kept();
    await sweep(restore.id);
    expect(engine.dropped).to.deep.equal([]);
    const id = await undoing(restore);
    await timeIsOver();
    await sweep(restore.id);
    expect(engine.dropped).to.deep.equal([]);
    await run(id);
    await sweep(restore.id);
    expect(engine.dropped).to.deep.equal([restore.id]);
    expect(await bed.restore(restore.id)).to.include({ former: null });
    await sweep(restore.id);
    expect(engine.dropped).to.deep.equal([restore.id]);
  });

  it('stays recorded while its server is away', async () => {
    const restore = await kept();
    await timeIsOver();
    engine.dropFormer = () => Promise.reject(new HoldfastError('host_unreachable'));
    expect(await sweep(restore.id).catch((error: unknown) => error)).to.include({ code: 'host_unreachable' });
    expect(await bed.restore(restore.id)).to.include({ former: 'shop_former' });
  });

  it('that a failed restore may have left is kept for the hours that were asked for', async () => {
    const { id } = await bed.newRestore(backupId, { keepHours: 1, maxFailures: 1 });
    engine.onChunk = () => {
      throw new HoldfastError('connection_lost', 'The server went away.');
    };
    await run(id);
    await sweep(id);
    expect(engine.dropped).to.deep.equal([]);
    await database.query(
      `update holdfast.restores set completed_at = now() - interval '61 minutes' where id = '${id}'`,
    );
    await sweep(id);
    expect(engine.dropped).to.deep.equal([id]);
  });
});
