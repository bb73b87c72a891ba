import { expect } from 'chai';
import { randomBytes } from 'node:crypto';
import type { ObjectStore } from '@holdfast/shared/domain';
import { systemClock, systemIds } from '@holdfast/shared/lifecycle';
import { FakeEngine, MemoryStore } from '@holdfast/testing/fakes';
import { testDatabase, type TestDatabase } from '@holdfast/testing/postgres';
import { openBed, type Bed } from '../testing/bed.ts';
import { createHandlers } from './index.ts';

const context = { jobId: 'job', signal: new AbortController().signal };

describe('a record of what to clean up', () => {
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

  /** Every attempt whose folder a key lies in, as another process sees it now. */
  const attemptsOver = (key: string) =>
    database.query(
      `select attempt, settled, ended_at from holdfast.backup_attempts where starts_with('${key}', prefix)`,
    );

  it('stands before the first byte of every object, the manifest too, and is settled only after the last', async () => {
    const store = new MemoryStore();
    const seen: [name: string, records: unknown[]][] = [];
    const put = store.put.bind(store);
    store.put = async (key, body, options) => {
      seen.push([key.replace(/^.*\//, ''), await attemptsOver(key)]);
      return await put(key, body, options);
    };
    const handlers = createHandlers({
      settings: bed.settings(),
      logger: bed.logger,
      persistence: bed.persistence,
      startConsumers: () => Promise.reject(new Error('not here')),
      engines: { types: ['postgresql'], get: () => new FakeEngine(randomBytes(50_000)) },
      openStore: (): ObjectStore => store,
      clock: systemClock,
      ids: systemIds,
      workerName: 'worker-1',
      stopping: new AbortController().signal,
    });
    const { id } = await bed.newBackup();
    await handlers['backup.run@1']({ backupId: id, requestId: null }, context);
    const open = [{ attempt: 1, settled: false, ended_at: null }];
    expect(seen).to.deep.equal([
      ['dump.fake.zst', open],
      ['manifest.json', open],
    ]);
    expect((await bed.backup(id)).status).to.equal('done');
  });
});
