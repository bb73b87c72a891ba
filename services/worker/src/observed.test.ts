import { randomBytes } from 'node:crypto';
import { systemClock, systemIds } from '@holdfast/shared/lifecycle';
import type { AttemptEnd, Observers } from '@holdfast/shared/observability';
import { FakeEngine, MemoryStore } from '@holdfast/testing/fakes';
import { testDatabase, type TestDatabase } from '@holdfast/testing/postgres';
import { expect } from 'chai';
import { createHandlers } from './handlers/index.ts';
import { openBed, type Bed } from './testing/bed.ts';

const bytes = 50_000;
const silent: Observers = {
  attemptEnded: () => undefined,
  storeRequestEnded: () => undefined,
  hookRunEnded: () => undefined,
  requestEnded: () => undefined,
  turnEnded: () => undefined,
};

describe('who counts attempts', () => {
  let database: TestDatabase;
  let bed: Bed;
  before(async () => {
    database = await testDatabase();
    bed = await openBed(database.url);
  });
  after(async () => {
    await bed.close();
    await database.drop();
  });

  async function attempt(attemptEnded: Observers['attemptEnded'], store = new MemoryStore()): Promise<string> {
    const { id } = await bed.newBackup();
    const handlers = createHandlers({
      settings: bed.settings({ HOLDFAST_MAX_FAILURES: '1' }),
      logger: bed.logger,
      persistence: bed.persistence,
      startConsumers: () => Promise.reject(new Error('not here')),
      engines: { types: ['postgresql'], get: () => new FakeEngine(randomBytes(bytes)) },
      openStore: () => store,
      clock: systemClock,
      ids: systemIds,
      workerName: 'worker-1',
      stopping: new AbortController().signal,
      observers: { ...silent, attemptEnded },
    });
    const context = { jobId: 'job', signal: new AbortController().signal };
    await handlers['backup.run@1']({ backupId: id, requestId: null }, context);
    return id;
  }

  it('never makes a backup fail, whatever it throws', async () => {
    const id = await attempt(() => {
      throw new Error('cannot count');
    });
    expect(await bed.backup(id)).to.include({ status: 'done' });
  });

  it('hears how an attempt ended, what it read and what it stored', async () => {
    const ends: AttemptEnd[] = [];
    await attempt((end) => ends.push(end));
    const [done] = ends;
    expect(done).to.include({
      kind: 'backup',
      engine: 'postgresql',
      outcome: 'done',
      code: null,
      bytes,
    });
    expect(done?.storedBytes).to.be.greaterThan(0);
    expect(done?.seconds).to.be.greaterThan(0);
    await database.query('truncate holdfast.backups cascade');

    const broken = new MemoryStore();
    broken.put = () => Promise.reject(new Error('the store is broken'));
    await attempt((end) => ends.push(end), broken);
    expect(ends[1]).to.include({ outcome: 'retried', code: 'internal', storedBytes: null });
  });
});
