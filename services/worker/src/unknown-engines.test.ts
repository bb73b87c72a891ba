import { expect } from 'chai';
import { randomBytes } from 'node:crypto';
import { openProducer, prepareQueue, startConsumers, type Producer, type QueueConnection } from '@holdfast/queue';
import { attemptJobId } from '@holdfast/shared/contracts';
import { Secret, type EngineType, type Verification } from '@holdfast/shared/domain';
import { systemClock, systemIds, type Running } from '@holdfast/shared/lifecycle';
import { FakeEngine, MemoryStore } from '@holdfast/testing/fakes';
import { testDatabase, type TestDatabase } from '@holdfast/testing/postgres';
import { until } from '@holdfast/testing/until';
import { createHandlers } from './handlers/index.ts';
import { startWorker } from './index.ts';
import { openBed, type Bed } from './testing/bed.ts';

const context = { jobId: 'job', signal: new AbortController().signal };

describe('a worker that knows fewer kinds of databases', () => {
  let service: TestDatabase;
  let bed: Bed;
  let queue: QueueConnection;
  let producer: Producer;
  let engine: FakeEngine;
  const store = new MemoryStore();
  const running: Running[] = [];

  before(async () => {
    service = await testDatabase();
    bed = await openBed(service.url);
    queue = { redisUrl: null, databaseUrl: new Secret(service.url) };
    await prepareQueue(queue);
    producer = openProducer(queue, { logger: bed.logger });
  });
  beforeEach(() => {
    engine = new FakeEngine(randomBytes(50_000));
  });
  after(async () => {
    await Promise.all(running.map((worker) => worker.stop()));
    await producer.close();
    await bed.close();
    await service.drop();
  });

  const deps = (types: readonly EngineType[]) => ({
    settings: bed.settings({ HOLDFAST_LEASE_SECONDS: '20' }),
    logger: bed.logger,
    persistence: bed.persistence,
    startConsumers: (...given: Parameters<typeof startConsumers> extends [unknown, ...infer Rest] ? Rest : never) =>
      startConsumers(queue, ...given),
    engines: { types, get: () => engine },
    openStore: () => store,
    clock: systemClock,
    ids: systemIds,
    workerName: `knows ${types.join()}`,
  });

  /** What the scheduler does. */
  async function dispatch(): Promise<void> {
    for (const { id, attempt, refusals } of await bed.persistence.backups.takeDue(4, 30)) {
      const jobId = attemptJobId('backup', id, attempt, refusals);
      await producer.ring('backup.run@1', { backupId: id, requestId: null }, { jobId });
    }
  }

  it('leaves the others to one that knows them: all is done, nothing fails, nothing is tried twice', async () => {
    running.push(await startWorker(deps([])));
    const { id } = await bed.newBackup();
    await until('the older one to leave it', 20, async () => {
      await dispatch();
      return (await bed.backup(id)).error?.code === 'engine_unknown';
    });
    expect(await bed.backup(id)).to.include({ status: 'scheduled', attempt: 0, failures: 0 });
    running.push(await startWorker(deps(['postgresql'])));
    await until('the newer one to do it', 40, async () => {
      await dispatch();
      return (await bed.backup(id)).status === 'done';
    });
    expect(await bed.backup(id)).to.include({ attempt: 1, failures: 0, error: null });
    expect(bed.log().split('left work to others')).to.have.length(2);
  });

  it('does not take for swept what it cannot sweep', async () => {
    const { id: backupId } = await bed.newBackup();
    const newer = createHandlers({ ...deps(['postgresql']), stopping: new AbortController().signal });
    const older = createHandlers({ ...deps([]), stopping: new AbortController().signal });
    await newer['backup.run@1']({ backupId, requestId: null }, context);
    const { id: restoreId } = await bed.newRestore(backupId);
    await newer['restore.run@1']({ restoreId, requestId: null }, context);
    const wanted = {
      level: 'restorable',
      cause: 'manual',
      scratchDatabaseId: null,
      requestId: null,
      maxFailures: 1,
    } as const;
    const { id: verificationId } = (await bed.persistence.verifications.create({
      backupId,
      ...wanted,
    })) as Verification;
    await newer['verification.run@1']({ verificationId, requestId: null }, context);
    const unswept = async (): Promise<number> => {
      const rows = await service.query(
        `select 1 from holdfast.restore_attempts where restore_id = '${restoreId}' and swept_at is null
         union all select 2 from holdfast.verification_attempts where verification_id = '${verificationId}' and swept_at is null`,
      );
      return rows.length;
    };
    expect(await unswept()).to.equal(2);
    for (const [handlers, left] of [
      [older, 2],
      [newer, 0],
    ] as const) {
      await handlers['restore.sweep@1']({ restoreId, requestId: null }, context);
      await handlers['verification.sweep@1']({ verificationId, requestId: null }, context);
      expect(await unswept()).to.equal(left);
    }
  });
});
