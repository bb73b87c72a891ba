import { expect } from 'chai';
import { heldDumps, holdDumps, sourceDatabase } from './support/source.ts';
import { localDestination, queues, register, useHoldfast } from './support/system.ts';

/** An attempt, in seconds since the first one. */
interface Run {
  id: string;
  began: number;
  ended: number;
}

for (const { name, options } of queues) {
  describe(`a database server that takes one at a time, ${name}`, () => {
    const holdfast = useHoldfast(async () => ({
      ...(await options()),
      workers: 2,
      schedulers: 2,
      // Nothing may depend on the ring that comes again.
      env: { HOLDFAST_SERVER_CONCURRENCY: '1', HOLDFAST_RING_AGAIN_SECONDS: '60' },
    }));

    it('is never asked for two, gets the restore first, and the next as soon as one has ended', async () => {
      const { client, database } = holdfast();
      const [destination, source] = [await localDestination(holdfast(), 'one'), await sourceDatabase()];
      const first = await register(holdfast(), source, destination);
      const whole = await client.backup(first);
      await client.waitFor(whole.id, ['done'], 20);

      const hold = await holdDumps(source);
      const held = await client.backup(first);
      await heldDumps(source);
      const others = await Promise.all(
        [1, 2, 3].map(async () => client.backup(await register(holdfast(), source, destination))),
      );
      const copy = `${source.name}_limits`;
      const restored = client.restore(first, whole.id, { target: { new_database: copy } }, 30);
      expect(await heldDumps(source), 'dumps at once').to.have.length(1);
      await hold.release();
      expect(await restored).to.include({ status: 'done' });
      for (const { id } of others) await client.waitFor(id, ['done'], 20);

      const runs = (await database.query(`
        select id, extract(epoch from started_at)::float8 as began, extract(epoch from ended_at)::float8 as ended from (
          select backup_id as id, started_at, ended_at from holdfast.backup_attempts
          union all select restore_id, started_at, ended_at from holdfast.restore_attempts) attempts
        order by started_at`)) as unknown as Run[];
      expect(runs.map(({ id }) => id).slice(0, 2)).to.deep.equal([whole.id, held.id]);
      expect(
        others.map(({ id }) => id),
        'the third is the restore',
      ).to.not.include(runs[2]?.id);
      expect(runs).to.have.length(6);
      for (const [index, { began }] of runs.entries()) {
        const before = runs[index - 1];
        if (!before) continue;
        expect(began, 'a beginning after the end of the one before').to.be.at.least(before.ended);
        // Two ticks of 0.2 s, and what two busy processes need beside.
        if (index > 1) expect(began - before.ended, 'seconds between two').to.be.below(10);
      }
      await source.query(`drop database "${copy}"`);
    });
  });
}
