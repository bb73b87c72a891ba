import { expect } from 'chai';
import { until } from '@holdfast/testing/until';
import { busyWorker } from './support/processes.ts';
import { heldDumps, holdDumps, sourceDatabase } from './support/source.ts';
import {
  localDestination,
  queues,
  register,
  settledAttempts,
  storedLocally,
  untilSwept,
  useHoldfast,
  wholeBackup,
} from './support/system.ts';

for (const { name, options } of queues) {
  describe(`a worker that fails, ${name}`, function suite() {
    this.timeout(90_000);
    // The sweep comes late enough for a worker that was away to find its half-written objects still there.
    const env = { HOLDFAST_SWEEP_DELAY_SECONDS: '4' };
    const holdfast = useHoldfast(async () => ({ ...(await options()), workers: 2, schedulers: 2, env }));

    /** Begins a backup and holds it in its middle. */
    async function begin(path: string) {
      const { client } = holdfast();
      const source = await sourceDatabase();
      const databaseId = await register(holdfast(), source, await localDestination(holdfast(), path));
      const hold = await holdDumps(source);
      const { id } = await client.backup(databaseId);
      await heldDumps(source);
      return { id, hold, source, worker: busyWorker(holdfast()) };
    }

    it('is taken over within its lease when it is stopped for a while, and its late end changes nothing', async () => {
      const { client } = holdfast();
      const { id, hold, source, worker } = await begin('paused');
      worker.send('SIGSTOP');
      await heldDumps(source, 2);
      await hold.release();
      const backup = await client.waitFor(id, ['done'], 20);
      expect(backup.attempt).to.equal(2);

      worker.send('SIGCONT');
      await until('the late worker to notice', 20, () => /lease was lost/.test(worker.output()));
      await untilSwept(holdfast(), id);
      await until('the late objects to go', 20, () => !('a1' in storedLocally(holdfast(), id)));
      expect(await client.findBackup(id)).to.deep.equal(backup);
      expect(await settledAttempts(holdfast(), backup)).to.deep.equal([2]);
      expect(storedLocally(holdfast(), id)).to.deep.equal({ a2: wholeBackup });
    });

    it('hands its work back at once when it is told to stop, without counting it as a failure', async () => {
      const { client, database } = holdfast();
      const { id, hold, worker } = await begin('stopped');
      const { code } = await worker.stop();
      await hold.release();
      expect(code).to.equal(0);
      expect(await client.waitFor(id, ['done'], 20)).to.include({ attempt: 2 });
      const [row] = await database.query(`select failures from holdfast.backups where id = '${id}'`);
      expect(row).to.deep.equal({ failures: 0 });
      await untilSwept(holdfast(), id);
      expect(storedLocally(holdfast(), id)).to.deep.equal({ a2: wholeBackup });
      holdfast().workers.push(await holdfast().startWorker());
    });

    it('is taken over by another one within its lease when it is killed', async () => {
      const { client } = holdfast();
      const { id, hold, worker } = await begin('killed');
      await worker.kill();
      await hold.release();
      const killed = performance.now();
      const backup = await client.waitFor(id, ['done'], 30);
      const seconds = (performance.now() - killed) / 1000;
      expect(seconds, 'the lease of 4 s, a delay of 1 s, and the work').to.be.below(20);
      expect(backup.attempt).to.equal(2);
      await untilSwept(holdfast(), id);
      expect(storedLocally(holdfast(), id)).to.deep.equal({ a2: wholeBackup });
    });
  });
}
