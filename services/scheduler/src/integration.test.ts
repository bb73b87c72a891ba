import { migrate, openPersistence, type NewDatabase, type Persistence } from '@holdfast/persistence';
import { openProducer, prepareQueue, startConsumers, type Consumers, type Producer } from '@holdfast/queue';
import { parseSettings } from '@holdfast/shared/config';
import { HoldfastError, Secret } from '@holdfast/shared/domain';
import { systemIds, type Running } from '@holdfast/shared/lifecycle';
import { createLogger } from '@holdfast/shared/observability';
import { SecretBox } from '@holdfast/shared/security';
import { testDatabase, type TestDatabase } from '@holdfast/testing/postgres';
import { expect } from 'chai';
import { until } from '@holdfast/testing/until';
import { startScheduler } from './scheduler.ts';

const logger = createLogger('test', 'silent');
const lease = { worker: 'tests', seconds: 0.2 };
const waits = { method: 'manual', destinationId: null, requestId: 'r', maxFailures: 3 } as const;

describe('scheduler with a real database and queue', () => {
  let database: TestDatabase;
  let persistence: Persistence;
  let producer: Producer;
  let consumers: Consumers;
  let databaseId: string;
  let accountId: number;
  let schedulers: Running[];
  const jobs: string[] = [];

  before(async () => {
    database = await testDatabase();
    const url = new Secret(database.url);
    const connection = { redisUrl: null, databaseUrl: url };
    await migrate(url);
    await prepareQueue(connection);
    const box = new SecretBox([{ id: 'k', key: Buffer.alloc(32) }]);
    persistence = await openPersistence({ url, box, ids: systemIds });
    producer = openProducer(connection, { logger });
    const hears = async (_payload: unknown, { jobId }: { jobId: string }) => void jobs.push(jobId);
    const handlers = {
      'backup.run@1': hears,
      'restore.run@1': hears,
      'verification.run@1': hears,
      'verification.sweep@1': hears,
      'destination.import@1': hears,
      'run.begin@1': hears,
      'attempt.sweep@1': hears,
      'attempt.hooks@1': hears,
      'restore.sweep@1': hears,
      'backup.delete@1': hears,
      'destination.reconcile@1': hears,
    };
    const concurrency = { backups: 1, restores: 1, verifications: 1, maintenance: 1 };
    consumers = await startConsumers(connection, handlers, { concurrency, logger });

    const result = parseSettings({
      DATABASE_URL: database.url,
      HOLDFAST_SECRET_KEYS: `k:${Buffer.alloc(32).toString('base64')}`,
      HOLDFAST_TICK_SECONDS: '0.05',
      HOLDFAST_RING_AGAIN_SECONDS: '0.5',
      HOLDFAST_SWEEP_DELAY_SECONDS: '0.1',
      HOLDFAST_RETRY_BASE_SECONDS: '0.1',
    });
    if ('problems' in result) throw new Error(result.problems.join(' '));
    const deps = { settings: result.settings, logger, persistence, producer, ids: systemIds };
    schedulers = [startScheduler(deps), startScheduler(deps)];
    accountId = (await persistence.accounts.create('tests')).id;
  });

  beforeEach(async () => {
    const settings = { path: '' };
    const { id } = await persistence.destinations.create(accountId, { label: 'local', type: 'local', settings });
    const server = { host: 'db', port: 5432, user: 'u', password: null, database: 'd', options: {} };
    const fields: NewDatabase = { ...server, name: systemIds.uuid(), type: 'postgresql', destinationId: id };
    const created = await persistence.databases.create(accountId, fields);
    if (created === 'name_taken') throw new Error('The name is taken.');
    databaseId = created.id;
  });

  after(async () => {
    for (const scheduler of schedulers) await scheduler.stop();
    await consumers.stop();
    await producer.close();
    await persistence.close();
    await database.drop();
  });

  const newBackup = async (): Promise<string> => {
    const backup = await persistence.backups.create({ ...waits, databaseId });
    if (!backup) throw new Error('The database is unknown.');
    return backup.id;
  };
  const heard = (jobId: string, times = 1): Promise<boolean> =>
    until(jobId, 10, () => jobs.filter((job) => job === jobId).length >= times);

  it('rings for a row that nobody rang for, and again while nobody takes it', async () => {
    const id = await newBackup();
    await heard(`backup-${id}-1`, 3);
    const rings = jobs.filter((job) => job === `backup-${id}-1`).length;
    expect(rings, 'two schedulers ring no more often than one').to.equal(3);
  });

  it('takes an expired attempt back, rings for the next one, and for the sweep of the lost one', async () => {
    const id = await newBackup();
    await persistence.backups.claim(id, lease);
    await heard(`backup-${id}-2`);
    await heard(`sweep-${id}-1`);
    expect(await persistence.backups.find(id)).to.deep.include({
      status: 'scheduled',
      failures: 1,
      error: new HoldfastError('lease_expired').toPublic(),
    });
  });

  it('rings for a restore', async () => {
    const backupId = await newBackup();
    const target = { mode: 'in_place' } as const;
    const restore = await persistence.restores.create({
      backupId,
      databaseId,
      target,
      ownership: 'keep',
      fileIds: null,
      requestId: null,
      maxFailures: 3,
    });
    if (!restore || restore === 'busy') throw new Error('The restore was refused.');
    await heard(`restore-${restore.id}-1`);
  });

  it('makes one backup of each tick and rings for the first at once, whatever the number of schedulers', async () => {
    const schedule = await persistence.schedules.create(accountId, {
      databaseId,
      destinationId: null,
      cron: '* * * * * *',
      timezone: 'UTC',
      retention: {},
      enabled: true,
      catchUp: 'all',
      overlap: 'queue',
      graceSeconds: 60,
      jitterSeconds: 0,
      isPeriodicSetting: false,
    });
    if (!schedule) throw new Error('The database is unknown.');
    const made = await until('three ticks', 10, async () => {
      const backups = await persistence.backups.listOfDatabase(databaseId);
      return backups.length >= 3 ? backups.reverse() : null;
    });
    await persistence.schedules.delete(accountId, schedule.id);
    const times = made.map(({ scheduledFor }) => scheduledFor?.getTime() ?? 0);
    expect(times).to.deep.equal(times.map((_, n) => (times[0] ?? 0) + n * 1000));
    // The others wait for the first one, as they are of the same database.
    await heard(`backup-${made[0]?.id}-1`);
  });
});
