import { setTimeout as delay } from 'node:timers/promises';
import { databaseIn, startPostgres, type TestPostgres } from '@holdfast/testing/postgres';
import { needsRedis, startRedis, type TestRedis } from '@holdfast/testing/redis';
import { probe, type Holdfast } from '@holdfast/testing/services';
import { until } from '@holdfast/testing/until';
import { expect } from 'chai';
import { askRedis, flushAll } from './support/redis.ts';
import { heldDumps, holdDumps, sourceDatabase } from './support/source.ts';
import { localDestination, register, settledAttempts, useHoldfast } from './support/system.ts';

/** Longer than the leases of the tests, so that what runs is taken over. */
const awayMs = 10_000;

for (const inRedis of [true, false]) {
  describe(`servers that go away and come back, queue in ${inRedis ? 'Redis' : 'PostgreSQL'}`, function suite() {
    this.timeout(120_000);
    let postgres: TestPostgres;
    let redis: TestRedis | null = null;
    before(function skips() {
      if (inRedis) needsRedis(this);
    });
    const holdfast = useHoldfast(async () => {
      // What is committed must be there after a crash, which other tests' servers do without.
      postgres = await startPostgres({ settings: { synchronous_commit: 'on' } });
      redis = inRedis ? await startRedis() : null;
      return {
        database: await databaseIn(postgres, 'holdfast', () => postgres.stop()),
        redisUrl: redis?.url,
        workers: 2,
        schedulers: 2,
      };
    });
    const all = ({ api, workers, schedulers }: Holdfast) => [api, ...workers, ...schedulers];

    /** Backups in every stage: one held in its middle, others that wait or run. */
    async function accept(path: string) {
      const { client } = holdfast();
      const destination = await localDestination(holdfast(), path);
      const source = await sourceDatabase();
      const hold = await holdDumps(source);
      const held = await client.backup(await register(holdfast(), source, destination));
      await heldDumps(source);
      const another = await register(holdfast(), await sourceDatabase(), destination);
      const ids = [held.id];
      for (let count = 0; count < 6; count += 1) ids.push((await client.backup(another)).id);
      return { ids, hold, held: held.id };
    }

    async function untilDone(ids: readonly string[]): Promise<void> {
      for (const id of ids) {
        const backup = await holdfast().client.waitFor(id, ['done'], 40);
        expect(await settledAttempts(holdfast(), backup)).to.have.length(1);
      }
    }

    async function connections(): Promise<number> {
      const [row] = await postgres.query(
        'postgres',
        `select count(*)::int as n from pg_stat_activity where datname = 'holdfast'`,
      );
      return Number(row?.['n']);
    }

    function expectAlive(): void {
      const ended = all(holdfast()).filter(({ output }) =>
        /unhandled|could not start|stopped by force/i.test(output()),
      );
      expect(ended.map(({ name }) => name)).to.deep.equal([]);
    }

    it('may be PostgreSQL, at once and for 10 s: what was accepted is done, no process died, no connection stays', async () => {
      await untilDone((await settled(accept('warm up'))).ids);
      const before = await connections();
      const { ids, hold } = await accept('postgresql');
      await postgres.kill();
      const back = delay(awayMs).then(() => postgres.restart());
      const { api, workers, client } = holdfast();
      const [leaving] = workers.splice(0, 1);
      const from = performance.now();
      const left = leaving?.stop();
      expect((await client.request('GET', '/api/databases')).status).to.be.within(500, 503);
      expect(await probe(api.url)).to.deep.include({ status: 503, state: 'running' });
      expect((await fetch(`${api.url}/healthz`)).status).to.equal(200);
      await left;
      expect((performance.now() - from) / 1000, 'seconds for a worker to stop without its database').to.be.below(20);
      await hold.release();
      await back;
      workers.push(await holdfast().startWorker());
      await untilDone(ids);
      expectAlive();
      await until('the connections to be as many as before', 20, async () => (await connections()) <= before + 2);
    });

    if (!inRedis) return;

    it('may be Redis, killed for 10 s and emptied: what was accepted is done, and what ran was not disturbed', async () => {
      const clients = async (): Promise<number> =>
        Number(/connected_clients:(\d+)/.exec(redis ? await askRedis(redis, 'INFO clients') : '')?.[1]);
      const before = await clients();
      const { ids, hold, held } = await accept('redis');
      await redis?.kill();
      const { client } = holdfast();
      const path = await localDestination(holdfast(), 'while away');
      const late = await client.backup(await register(holdfast(), await sourceDatabase(), path));
      await delay(awayMs);
      await redis?.restart();
      if (redis) await flushAll(redis);
      await hold.release();
      await untilDone([...ids, late.id]);
      expect(await holdfast().client.findBackup(held)).to.include({ attempt: 1 });
      expectAlive();
      await until('the connections to be as many as before', 20, async () => (await clients()) <= before + 2);
    });

    async function settled(accepted: ReturnType<typeof accept>) {
      const { hold, ...rest } = await accepted;
      await hold.release();
      return rest;
    }
  });
}
