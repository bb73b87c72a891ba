import { expect } from 'chai';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { createEngines } from '@holdfast/engines';
import { verifyReadable } from '@holdfast/pipeline';
import { openProducer, prepareQueue, startConsumers, type Producer, type QueueConnection } from '@holdfast/queue';
import { attemptPrefix, noKeys, Secret, type ObjectStore } from '@holdfast/shared/domain';
import { systemClock, systemIds, type Running } from '@holdfast/shared/lifecycle';
import { openStore } from '@holdfast/stores';
import { fingerprint } from '@holdfast/testing/engines';
import { testDatabase, type TestDatabase } from '@holdfast/testing/postgres';
import { until } from '@holdfast/testing/until';
import { startWorker } from './index.ts';
import { openBed, type Bed } from './testing/bed.ts';

/** Several times what the pipeline holds, so that a dump is still running when the store stops taking bytes. */
const rows = 300_000;

describe('startWorker', function suite() {
  this.timeout(90_000);
  let service: TestDatabase;
  let source: TestDatabase;
  let localRoot: string;
  let bed: Bed;
  let queue: QueueConnection;
  let producer: Producer;
  const running: Running[] = [];

  before(async () => {
    [service, source] = await Promise.all([testDatabase(), testDatabase()]);
    await source.query(
      'create table orders (id bigint primary key, note text)',
      `insert into orders select i, md5(i::text) || md5((i * 7)::text) || md5((i * 13)::text) from generate_series(1, ${rows}) i`,
    );
    localRoot = await mkdtemp(join(tmpdir(), 'holdfast-worker-'));
    const { host, port, user, password, name } = source;
    bed = await openBed(service.url, { host, port, user, password: new Secret(password), database: name });
    queue = { redisUrl: null, databaseUrl: new Secret(service.url) };
    await prepareQueue(queue);
    producer = openProducer(queue, { logger: bed.logger });
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map((worker) => worker.stop()));
  });
  after(async () => {
    await producer.close();
    await bed.close();
    await Promise.all([service.drop(), source.drop(), rm(localRoot, { recursive: true, force: true })]);
  });

  const storeSettings = () => ({ localRoot, allowedNetworks: [], partConcurrency: 2, patienceSeconds: 1 });

  /** @param wrap changes how the worker's store behaves */
  async function start(
    wrap: (store: ObjectStore) => ObjectStore = (store) => store,
    graceSeconds = 5,
  ): Promise<Running> {
    const worker = await startWorker({
      settings: bed.settings({ HOLDFAST_GRACE_SECONDS: String(graceSeconds) }),
      logger: bed.logger,
      persistence: bed.persistence,
      startConsumers: (handlers, options) => startConsumers(queue, handlers, options),
      engines: createEngines({ clientFolders: [] }),
      openStore: (destination) => wrap(openStore(destination, storeSettings())),
      clock: systemClock,
      ids: systemIds,
      workerName: `worker-${systemIds.uuid()}`,
    });
    running.push(worker);
    return worker;
  }

  async function ring(backupId: string): Promise<void> {
    await until('the attempt to be due', 15, async () => (await bed.backup(backupId)).runAfter <= new Date());
    await producer.ring('backup.run@1', { backupId, requestId: null }, { jobId: systemIds.uuid() });
  }

  async function done(backupId: string): Promise<void> {
    await until('the backup to be done', 30, async () => (await bed.backup(backupId)).status === 'done', bed.log);
  }

  async function stored(backupId: string, attempt: number): Promise<string[]> {
    const folder = join(localRoot, attemptPrefix(await bed.backup(backupId), attempt));
    return (await readdir(folder).catch(() => [])).sort((a, b) => a.localeCompare(b));
  }

  it('backs up a real database and restores it with the same content', async () => {
    await start();
    const { id } = await bed.newBackup();
    await ring(id);
    await done(id);
    const backup = await bed.backup(id);
    expect(backup).to.include({ attempt: 1, failures: 0 });
    expect(await stored(id, 1)).to.deep.equal(['content.json.zst', 'dump.pgdump.zst', 'manifest.json']);
    const destination = await bed.persistence.destinations.find(backup.destinationId);
    if (!destination) return expect.fail('the destination is gone');
    const store = openStore(destination, storeSettings());
    await verifyReadable(store, backup.manifestKey ?? '', noKeys, AbortSignal.timeout(20_000));

    const copy = `${source.name}_copy`;
    const { id: restoreId } = await bed.newRestore(id, { target: { mode: 'new_database', database: copy } });
    await producer.ring('restore.run@1', { restoreId, requestId: null }, { jobId: restoreId });
    const isFinal = async (): Promise<boolean> => (await bed.restore(restoreId)).completedAt !== null;
    await until('the restore to end', 30, isFinal, bed.log);
    expect(await bed.restore(restoreId)).to.include({ status: 'done' });
    const prints = [source.name, copy].map((database) => fingerprint({ ...source, database }));
    const [original, restored] = await Promise.all(prints);
    expect(restored).to.deep.equal(original);
    await source.query(`drop database "${copy}"`);
  });

  it('makes another attempt when pg_dump is killed in the middle, and leaves nothing of the first', async () => {
    const hold = holding();
    await start(hold.wrap);
    const { id } = await bed.newBackup();
    await ring(id);
    await hold.begun;
    const [pid] = await dumpsOf(process.pid);
    process.kill(pid ?? 0, 'SIGKILL');
    hold.letGo();
    await until('the attempt to fail', 20, async () => (await bed.backup(id)).failures === 1, bed.log);
    const failed = await bed.backup(id);
    expect(failed).to.include({ status: 'scheduled', manifestKey: null });
    expect(failed.error).to.include({ code: 'dump_killed' });
    await until('the objects to go', 10, async () => (await stored(id, 1)).length === 0);
    await ring(id);
    await done(id);
    expect(await bed.backup(id)).to.include({ attempt: 2, failures: 1 });
    expect(await stored(id, 2)).to.have.length(3);
  });

  it('hands back what does not end in time when it is stopped, ends pg_dump, and another worker finishes', async () => {
    const hold = holding();
    const worker = await start(hold.wrap, 0.3);
    const { id } = await bed.newBackup();
    await ring(id);
    await hold.begun;
    const stopped = worker.stop();
    await until('the worker to give up', 20, () => bed.log().includes('handing back'), bed.log);
    hold.letGo();
    await stopped;
    expect(await bed.backup(id)).to.include({ status: 'scheduled', attempt: 1, failures: 0, leaseOwner: null });
    expect(await dumpsOf(process.pid)).to.have.length(0);
    expect(await stored(id, 1)).to.have.length(0);
    await start();
    await ring(id);
    await done(id);
    expect(await bed.backup(id)).to.include({ attempt: 2, failures: 0 });
  });

  it('finishes what ends in time when it is stopped', async () => {
    const hold = holding();
    const worker = await start(hold.wrap, 20);
    const { id } = await bed.newBackup();
    await ring(id);
    await hold.begun;
    const stopped = worker.stop();
    hold.letGo();
    await stopped;
    expect(await bed.backup(id)).to.include({ status: 'done', attempt: 1 });
  });
});

/** Stores that take the first bytes of their first object and then wait until they are let go. */
function holding(): { wrap: (store: ObjectStore) => ObjectStore; begun: Promise<void>; letGo: () => void } {
  const begun = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  async function* held(body: Readable): AsyncGenerator<Buffer> {
    for await (const chunk of body) {
      begun.resolve();
      await gate.promise;
      yield chunk as Buffer;
    }
  }
  return {
    wrap: (store) =>
      new Proxy(store, {
        get: (target, name) => {
          if (name === 'put') {
            const put: ObjectStore['put'] = (key, body, options) =>
              target.put(key, Readable.from(held(body), { objectMode: false }), options);
            return put;
          }
          const value: unknown = Reflect.get(target, name);
          return typeof value === 'function' ? (value.bind(target) as unknown) : value;
        },
      }),
    begun: begun.promise,
    letGo: () => gate.resolve(),
  };
}

/** The living `pg_dump` processes that a process started. */
async function dumpsOf(parent: number): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const stats = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')));
  return stats.flatMap((stat) => {
    const [, pid, name, state, of] = /^(\d+) \((.*)\) (\S) (\d+)/.exec(stat) ?? [];
    return name === 'pg_dump' && state !== 'Z' && Number(of) === parent ? [Number(pid)] : [];
  });
}
