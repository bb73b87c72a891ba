import { needsRedis, startRedis, type TestRedis } from '@holdfast/testing/redis';
import { expect } from 'chai';
import { until } from '@holdfast/testing/until';
import { flushAll } from './support/redis.ts';
import { heldDumps, holdDumps, sourceDatabase } from './support/source.ts';
import { localDestination, register, settledAttempts, useHoldfast } from './support/system.ts';

describe('a queue that fails, in Redis', function suite() {
  let redis: TestRedis;
  before(async function startStopped() {
    needsRedis(this);
    redis = await startRedis();
    await redis.stop();
  });
  const holdfast = useHoldfast(() => ({
    redisUrl: redis.url,
    schedulers: 2,
    env: { HOLDFAST_WORKER_CONCURRENCY: '1' },
  }));

  it('is not needed to start the services nor to accept a backup, and everything is done once it is there', async () => {
    const { client } = holdfast();
    const databaseId = await register(holdfast(), await sourceDatabase(), await localDestination(holdfast(), 'down'));
    const asked = performance.now();
    const { id } = await client.backup(databaseId);
    expect(performance.now() - asked, 'milliseconds to accept a backup').to.be.below(15_000);
    await redis.restart();
    expect(await client.waitFor(id, ['done'], 20)).to.include({ attempt: 1 });
  });

  it('may be emptied while a backup runs and others wait: each is done, once', async () => {
    await redis.restart();
    const { client } = holdfast();
    const destination = await localDestination(holdfast(), 'emptied');
    const running = await sourceDatabase();
    const hold = await holdDumps(running);
    const first = await client.backup(await register(holdfast(), running, destination));
    await heldDumps(running);
    const waiting = await sourceDatabase();
    const ids = await Promise.all(
      Array.from({ length: 4 }, async () => (await client.backup(await register(holdfast(), waiting, destination))).id),
    );
    await until('all rows to be rung for', 10, async () => {
      const [row] = await holdfast().database.query(
        `select count(*)::int as left from holdfast.backups where status = 'scheduled' and rung_at is null`,
      );
      return row?.['left'] === 0;
    });
    await flushAll(redis);
    await hold.release();
    for (const id of [first.id, ...ids]) {
      const backup = await client.waitFor(id, ['done'], 30);
      expect(await settledAttempts(holdfast(), backup)).to.have.length(1);
    }
    expect(await client.findBackup(first.id)).to.include({ attempt: 1 });
  });

  it('may be away while backups run and come back: each is done', async () => {
    await redis.restart();
    const { client } = holdfast();
    const destination = await localDestination(holdfast(), 'away');
    const source = await sourceDatabase();
    const hold = await holdDumps(source);
    const databaseId = await register(holdfast(), source, destination);
    const first = await client.backup(databaseId);
    await heldDumps(source);
    await redis.kill();
    await hold.release();
    expect(await client.waitFor(first.id, ['done'], 20)).to.include({ attempt: 1 });
    const second = await client.backup(databaseId);
    await redis.restart();
    expect(await client.waitFor(second.id, ['done'], 30)).to.include({ attempt: 1 });
  });
});
