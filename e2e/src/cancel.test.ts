import { expect } from 'chai';
import type { RestoreView } from '@holdfast/testing/services';
import { until } from '@holdfast/testing/until';
import { childrenOf } from './support/processes.ts';
import { heldDumps, heldRestore, holdDumps, holdRestores, sourceDatabase } from './support/source.ts';
import { localDestination, queues, register, storedLocally, untilSwept, useHoldfast } from './support/system.ts';

/** Seldom enough that a cancel that waited for a heartbeat would be late. */
const env = { HOLDFAST_LEASE_SECONDS: '60', HOLDFAST_HEARTBEAT_SECONDS: '30' };

for (const { name, options } of queues) {
  describe(`a cancel, ${name}`, () => {
    const holdfast = useHoldfast(async () => ({ ...(await options()), workers: 2, env }));

    const cancelled = (work: { status: string; error: { code: string } | null }): boolean =>
      work.status === 'error' && work.error?.code === 'cancelled';

    it('ends a running backup within seconds, with its program, its objects and its upload', async () => {
      const { client, workers } = holdfast();
      const source = await sourceDatabase();
      const databaseId = await register(holdfast(), source, await localDestination(holdfast(), 'cancel'));
      const hold = await holdDumps(source);
      const { id } = await client.backup(databaseId);
      await heldDumps(source);
      const next = await client.backup(databaseId);
      const asked = performance.now();
      const path = `/api/databases/${databaseId}/backups`;
      await client.expect(200, 'POST', `${path}/${next.id}/cancel`);
      expect(cancelled(await client.findBackup(next.id)), 'what waits ends at once').to.equal(true);
      await client.expect(200, 'POST', `${path}/${id}/cancel`);
      const backup = await client.waitFor(id, ['error'], 20);
      expect((performance.now() - asked) / 1000).to.be.below(20);
      expect(cancelled(backup)).to.equal(true);
      await until('the program to be gone', 15, () =>
        workers.every(({ pid }) => childrenOf(pid, 'pg_dump').length === 0),
      );
      await untilSwept(holdfast(), id);
      expect(storedLocally(holdfast(), id)).to.deep.equal({});
      await hold.release();
      expect((await client.request('POST', `${path}/${id}/cancel`)).status).to.equal(200);

      const after = await client.backup(databaseId);
      await client.waitFor(after.id, ['done'], 20);
      const late = await client.request<{ error: string }>('POST', `${path}/${after.id}/cancel`);
      expect([late.status, late.body.error]).to.deep.equal([
        409,
        'This backup has already ended as done: there is nothing to cancel any more.',
      ]);
    });

    it('ends a running restore within seconds, its target as before and nothing beside it', async () => {
      const { client } = holdfast();
      const source = await sourceDatabase();
      const databaseId = await register(holdfast(), source, await localDestination(holdfast(), 'restores'));
      await holdRestores(source);
      const { id } = await client.backup(databaseId);
      await client.waitFor(id, ['done'], 20);
      await source.query('create table since_then (n int)');
      const begun = `/api/databases/${databaseId}/backups/${id}/restore`;
      const restore = await client.expect<RestoreView>(201, 'POST', begun);
      await heldRestore(source);
      const asked = performance.now();
      const path = `/api/databases/${databaseId}/backup_restorations/${restore.id}`;
      await client.expect(200, 'POST', `${path}/cancel`);
      const ended = await until('the restore to end', 20, async () => {
        const { backup_restoration: found } = await client.expect<{ backup_restoration: RestoreView }>(
          200,
          'GET',
          path,
        );
        return found.status === 'error' ? found : null;
      });
      expect((performance.now() - asked) / 1000).to.be.below(20);
      expect(cancelled(ended)).to.equal(true);
      expect(await source.query('select from since_then')).to.deep.equal([]);
      const beside = await source.query(`select from pg_database where datname like '%${restore.id.slice(-12)}'`);
      expect(beside).to.deep.equal([]);
    });
  });
}
