import { createServer, type AddressInfo, type Socket } from 'node:net';
import { expect } from 'chai';
import type { JobHandlers } from '@holdfast/shared/contracts';
import { HoldfastError, Secret } from '@holdfast/shared/domain';
import { startDyingPostgres, startPostgres, testDatabase, type TestDatabase } from '@holdfast/testing/postgres';
import {
  failureOf,
  handlersOf,
  newSweep,
  recordingLogger,
  startConsumerChild,
  startProxy,
} from '@holdfast/testing/queue';
import { needsRedis, startRedis } from '@holdfast/testing/redis';
import { until } from '@holdfast/testing/until';
import { openProducer, prepareQueue, startConsumers, type QueueConnection } from './index.ts';

const concurrency = { backups: 1, restores: 1, verifications: 1, maintenance: 1 };
const idle = handlersOf(async () => undefined);

describe('the queue in the service’s database', () => {
  let database: TestDatabase;
  let connection: QueueConnection;

  beforeEach(async () => {
    database = await testDatabase();
    connection = { redisUrl: null, databaseUrl: new Secret(database.url) };
  });

  afterEach(() => database.drop());

  it('is prepared once by however many ask for it at once', async () => {
    await Promise.all([1, 2, 3].map(() => prepareQueue(connection)));
    await prepareQueue(connection);
    const [row] = await database.query(
      `select count(*)::int as versions, count(distinct version)::int as different from holdfast_queue.migration`,
    );
    expect(row?.versions).to.be.greaterThan(0).and.to.equal(row?.different);
  });

  it('keeps everything of its own in its own schema', async () => {
    await prepareQueue(connection);
    const rows = await database.query(
      `select distinct relnamespace::regnamespace::text as schema from pg_class c
       where relkind in ('r', 'v', 'S') and relnamespace::regnamespace::text not in ('pg_catalog', 'information_schema')
       and relnamespace::regnamespace::text not like 'pg_toast%'`,
    );
    expect(rows).to.deep.equal([{ schema: 'holdfast_queue' }]);
  });

  it('works with options in the URL of the database', async () => {
    const url = new URL(database.url);
    url.searchParams.set('options', '-c timezone=UTC');
    const withOptions = { redisUrl: null, databaseUrl: new Secret(url.href) };
    await prepareQueue(withOptions);
    const producer = openProducer(withOptions, { logger: recordingLogger().logger });
    const { jobId, payload } = newSweep();
    await producer.ring('attempt.sweep@1', payload, { jobId });
    await producer.close();
    expect(await database.query('select id from holdfast_queue.job')).to.deep.equal([{ id: jobId }]);
  });

  it('says that it was not prepared, and works as soon as it is', async () => {
    const { logger } = recordingLogger();
    const producer = openProducer(connection, { logger });
    const { jobId, payload } = newSweep();
    const ring = (): Promise<void> => producer.ring('attempt.sweep@1', payload, { jobId });
    try {
      for (const failing of [
        ring,
        () => producer.ping(),
        () => startConsumers(connection, idle, { concurrency, logger }),
      ]) {
        const error = await failureOf(failing());
        expect(error).to.be.instanceOf(HoldfastError).and.have.property('code', 'configuration');
        expect(error.message).to.contain('run the migrations');
      }
      await prepareQueue(connection);
      await ring();
      await producer.ping();
    } finally {
      await producer.close();
    }
  });

  it('needs no more connections than it says: two for a producer, three for consumers', async () => {
    await prepareQueue(connection);
    const { logger } = recordingLogger();
    let handled = 0;
    const wide = { backups: 20, restores: 20, verifications: 20, maintenance: 20 };
    const count = handlersOf(async () => {
      handled += 1;
    });
    const consumers = await startConsumers(connection, count, { concurrency: wide, logger });
    const producer = openProducer(connection, { logger });
    const peak = new Map<string, number>();
    const watch = async (): Promise<boolean> => {
      const rows = await database.query(
        `select application_name as name, count(*)::int as n from pg_stat_activity
         where datname = current_database() and application_name like 'holdfast-%' group by 1`,
      );
      for (const { name, n } of rows) peak.set(String(name), Math.max(peak.get(String(name)) ?? 0, Number(n)));
      return handled === 60;
    };
    try {
      const ring = (): Promise<void> => {
        const { jobId, payload } = newSweep();
        return producer.ring('attempt.sweep@1', payload, { jobId });
      };
      for (let round = 0; round < 3; round += 1) await Promise.all(Array.from({ length: 20 }, ring));
      await until('all are handled', 10, watch);
    } finally {
      await consumers.stop();
      await producer.close();
    }
    expect(peak.get('holdfast-queue-producer')).to.be.within(1, 2);
    expect(peak.get('holdfast-queue-consumer')).to.be.within(1, 3);
    await until('all connections are closed', 10, async () => {
      const [row] = await database.query(
        `select count(*)::int as n from pg_stat_activity
         where datname = current_database() and application_name like 'holdfast-%'`,
      );
      return row?.n === 0;
    });
  });

  it('takes jobs although the connection that listens for them died at its first word', async () => {
    await prepareQueue(connection);
    const proxy = await startProxy(database.port, 'LISTEN');
    const url = new URL(database.url);
    url.port = String(proxy.port);
    const { logger } = recordingLogger();
    let handled = 0;
    const consumers = await startConsumers(
      { redisUrl: null, databaseUrl: new Secret(url.href) },
      handlersOf(async () => {
        handled += 1;
      }),
      // A job whose start was answered on a frozen connection comes back when its lock ends.
      { concurrency, logger, lockSeconds: 2 },
    );
    const producer = openProducer(connection, { logger });
    try {
      const { jobId, payload } = newSweep();
      await producer.ring('attempt.sweep@1', payload, { jobId });
      // Each frozen connection is found dead by a statement of its own that gets no answer for five seconds.
      await until('it ran', 45, () => handled === 1);
    } finally {
      await consumers.stop();
      await producer.close();
      await proxy.stop();
    }
  }).timeout(60_000);

  it('says why it could not be prepared, without the password', async () => {
    const url = new URL(database.url);
    url.password = 'wr0ng-password';
    const error = await failureOf(prepareQueue({ redisUrl: null, databaseUrl: new Secret(url.href) }));
    expect(error).to.be.instanceOf(HoldfastError).and.have.property('code', 'configuration');
    expect(error.message).to.contain('password authentication failed').and.not.contain('wr0ng-password');
  });
});

describe('the queue’s secrets', () => {
  const secret = 's3cret/p@ss';

  it('appear in no log and no error when Redis refuses the password', async function () {
    needsRedis(this);
    const server = await startRedis({ password: 'another' });
    const url = new URL(server.url);
    url.password = encodeURIComponent(secret);
    await noticesNothing({ redisUrl: new Secret(url.href), databaseUrl: new Secret('postgres://127.0.0.1:1/none') });
    await server.stop();
  });

  it('appear in no log and no error when PostgreSQL refuses the password', async () => {
    const server = await startPostgres();
    const url = new URL(server.url('postgres'));
    url.password = encodeURIComponent(secret);
    await noticesNothing({ redisUrl: null, databaseUrl: new Secret(url.href) });
    await server.stop();
  });

  async function noticesNothing(connection: QueueConnection): Promise<void> {
    const { logger, lines } = recordingLogger();
    const consumers = await startConsumers(connection, idle, { concurrency, logger });
    const producer = openProducer(connection, { logger });
    const { jobId, payload } = newSweep();
    const error = await failureOf(producer.ring('attempt.sweep@1', payload, { jobId }));
    logger.error({ err: error }, 'as a caller logs it');
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect(lines, 'lines in a second: it must not spin').to.have.length.below(50);
    await consumers.stop();
    await producer.close();
    const all = JSON.stringify(lines);
    expect(all).to.match(/password|WRONGPASS/i);
    for (const form of [secret, encodeURIComponent(secret)]) expect(all).to.not.contain(form);
  }
});

describe('a queue that hangs', () => {
  it('lets no ring wait longer than two seconds, and is used again when it goes on', async function () {
    needsRedis(this);
    const server = await startRedis();
    const connection = { redisUrl: new Secret(server.url), databaseUrl: new Secret('postgres://127.0.0.1:1/none') };
    const producer = openProducer(connection, { logger: recordingLogger().logger });
    await producer.ping();
    process.kill(server.pid, 'SIGSTOP');
    try {
      const start = performance.now();
      const rings = Array.from({ length: 20 }, () => {
        const { jobId, payload } = newSweep();
        return failureOf(producer.ring('attempt.sweep@1', payload, { jobId }));
      });
      for (const error of await Promise.all(rings)) expect(error).to.be.instanceOf(HoldfastError);
      expect(performance.now() - start).to.be.below(10_000);
    } finally {
      process.kill(server.pid, 'SIGCONT');
    }
    await until('it is used again', 10, () =>
      producer.ping().then(
        () => true,
        () => false,
      ),
    );
    await producer.close();
    await server.stop();
  });

  it('and then dies does not keep a process alive whose work was just ending', async function () {
    needsRedis(this);
    const server = await startRedis();
    const connection = { redisUrl: new Secret(server.url), databaseUrl: new Secret('postgres://127.0.0.1:1/none') };
    const child = await startConsumerChild(connection, 1);
    const producer = openProducer(connection, { logger: recordingLogger().logger });
    const { jobId, payload } = newSweep();
    await producer.ring('attempt.sweep@1', payload, { jobId });
    await until('the child runs the job', 10, () => child.started.includes(jobId));
    await producer.close();
    process.kill(server.pid, 'SIGSTOP');
    const stopped = child.stop();
    // It waits for the answer by then, so that its clients have something to send again.
    await new Promise((resolve) => setTimeout(resolve, 500));
    await server.kill();
    expect(await stopped).to.equal(0);
  }).timeout(30_000);
});

describe('a server that ends a connection in the moment in which it is handed out', () => {
  it('fails the ring, and does not end the process', async () => {
    const dying = await startDyingPostgres();
    const connection = { redisUrl: null, databaseUrl: new Secret(dying.url) };
    const producer = openProducer(connection, { logger: recordingLogger().logger });
    const { jobId, payload } = newSweep();
    expect(await failureOf(producer.ring('attempt.sweep@1', payload, { jobId }))).to.be.instanceOf(HoldfastError);
    expect(await failureOf(producer.ping())).to.be.instanceOf(HoldfastError);
    await producer.close();
    await dying.stop();
  });
});

describe('a server that takes connections and never answers', () => {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined));
  });

  before(async () => {
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
  });

  after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });

  for (const [name, kind] of [
    ['Redis', 'redis'],
    ['PostgreSQL', 'postgres'],
  ] as const) {
    it(`costs no ring on ${name} more than two seconds, and consumers still stop`, async () => {
      const url = new Secret(`${kind}://127.0.0.1:${(server.address() as AddressInfo).port}/0`);
      const connection = { redisUrl: kind === 'redis' ? url : null, databaseUrl: url };
      const { logger } = recordingLogger();
      const producer = openProducer(connection, { logger });
      const { jobId, payload } = newSweep();
      const start = performance.now();
      const rings = Array.from({ length: 5 }, () => failureOf(producer.ring('attempt.sweep@1', payload, { jobId })));
      for (const error of await Promise.all(rings)) expect(error).to.be.instanceOf(HoldfastError);
      expect(performance.now() - start).to.be.below(10_000);
      const consumers = await startConsumers(connection, idle, { concurrency, logger });
      const stopping = performance.now();
      await consumers.stop();
      expect(performance.now() - stopping).to.be.below(15_000);
      await producer.close();
    });
  }
});

describe('the handlers of jobs', () => {
  it('do not compile when one is missing, misnamed, or takes another payload', () => {
    const handle = async (): Promise<void> => undefined;
    // @ts-expect-error: no handler for attempt.sweep@1
    const missing: JobHandlers = { 'backup.run@1': handle, 'restore.run@1': handle };
    const misnamed: JobHandlers = {
      ...idle,
      // @ts-expect-error: the catalogue has no such job
      'backup.run@2': handle,
    };
    const mistyped: JobHandlers = {
      ...idle,
      // @ts-expect-error: a backup's payload holds no restoreId
      'backup.run@1': async ({ restoreId }) => void restoreId,
    };
    expect([missing, misnamed, mistyped]).to.have.lengthOf(3);
  });

  it('cannot be rung for with another job’s payload', () => {
    const ring = (producer: ReturnType<typeof openProducer>): Promise<void> =>
      // @ts-expect-error: a restore's payload holds a restoreId
      producer.ring('restore.run@1', { backupId: 'x', requestId: null }, { jobId: 'x' });
    expect(ring).to.be.a('function');
  });
});
