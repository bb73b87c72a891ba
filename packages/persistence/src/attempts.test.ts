import { expect } from 'chai';
import { remoteCancelSeconds, type Restore, type ContentTarget } from '@holdfast/shared/domain';
import { only } from './only.ts';
import { failure, lease, newFile, openWorld, type World } from './testing/world.ts';

const hours = 6 * 3600;

describe('attempts', () => {
  let world: World;
  before(async () => {
    world = await openWorld();
  });
  after(() => world.drop());

  async function newRestore(target: ContentTarget = { mode: 'in_place' }): Promise<Restore> {
    const backup = await world.doneBackup();
    const restore = await world.restores.create({
      backupId: backup.id,
      databaseId: backup.databaseId,
      target,
      ownership: 'skip',
      fileIds: null,
      requestId: null,
      maxFailures: 2,
    });
    return restore as Restore;
  }

  const leaseSeconds = async (id: string): Promise<number> => {
    const ask = `select extract(epoch from lease_until - clock_timestamp())::float8 as left from holdfast.backups where id = $1`;
    return only(await world.sql<{ left: number }>(ask, [id])).left;
  };

  it('of work that ends its worker each time are no more than the failures that it may have', async () => {
    const { id } = await world.newBackup();
    for (const status of ['scheduled', 'scheduled', 'error']) {
      expect(await world.backups.claim(id, lease)).to.not.equal(null);
      await world.sql(`update holdfast.backups set lease_until = now() - interval '1 second' where id = $1`, [id]);
      await world.backups.reapExpired(100, 0);
      expect(await world.backups.find(id)).to.include({ status });
    }
    const attempts = (await world.backups.attemptsOf([id])).get(id) ?? [];
    expect(attempts.map(({ attempt, error }) => [attempt, error?.code])).to.deep.equal([
      [1, 'lease_expired'],
      [2, 'lease_expired'],
      [3, 'lease_expired'],
    ]);
  });

  it('are told of each work alone, in their order, with how far the one that runs has come', async () => {
    const [one, two] = [await world.newBackup(), await world.newBackup()];
    await world.backups.claim(one.id, lease);
    await world.backups.fail(one.id, 1, failure);
    await world.backups.claim(one.id, { worker: 'worker-2', seconds: 60 });
    await world.backups.heartbeat(one.id, 2, lease, { progressBytes: 6_000_000_000, estimatedBytes: null });
    await world.backups.claim(two.id, lease);
    await world.backups.settle(two.id, 1, { files: [newFile(two.id)], manifestKey: 'm' });
    const all = await world.backups.attemptsOf([one.id, two.id, 'no id']);
    const shown = (id: string) =>
      all
        .get(id)
        ?.map(({ attempt, worker, bytes, settled, endedAt }) => [attempt, worker, bytes, settled, endedAt !== null]);
    expect(shown(one.id)).to.deep.equal([
      [1, 'worker-1', 0, false, true],
      [2, 'worker-2', 6_000_000_000, false, false],
    ]);
    expect(shown(two.id)).to.deep.equal([[1, 'worker-1', 6_000_000_000, true, true]]);
    expect(all.size).to.equal(2);
  });

  it('tell the bytes that they ended with, or else what their last heartbeat knew', async () => {
    const { id } = await world.newBackup();
    const beaten = { progressBytes: 1000, estimatedBytes: null };
    for (const [attempt, bytes] of [[1, 6_000_000_000] as const, [2, undefined] as const]) {
      await world.backups.claim(id, lease);
      await world.backups.heartbeat(id, attempt, lease, beaten);
      await world.backups.handBack(id, attempt, bytes);
    }
    await world.backups.claim(id, lease);
    await world.backups.heartbeat(id, 3, lease, beaten);
    await world.backups.fail(id, 3, { ...failure, retryable: false }, 7_000_000_000);
    const attempts = (await world.backups.attemptsOf([id])).get(id);
    expect(attempts?.map(({ bytes }) => bytes)).to.deep.equal([6_000_000_000, 1000, 7_000_000_000]);
    expect(await world.backups.find(id)).to.include({ progressBytes: 7_000_000_000 });
  });

  it('that are to be cancelled are known by their number alone', async () => {
    const { id } = await world.newBackup();
    await world.backups.claim(id, lease);
    expect(await world.backups.isCancelRequested(id, 1)).to.equal(false);
    await world.backups.requestCancel(id);
    expect(await world.backups.isCancelRequested(id, 1)).to.equal(true);
    expect(await world.backups.isCancelRequested(id, 2)).to.equal(false);
    expect(await world.backups.isCancelRequested('no id', 1)).to.equal(false);
    await world.backups.fail(id, 1, failure);
    expect(await world.backups.isCancelRequested(id, 1)).to.equal(false);
  });

  it('of a remote server that sends no heartbeats end within a minute after a cancel, and are not revived', async () => {
    const server = await world.newServer();
    const { id } = await world.newBackup(await world.newDatabaseOf(server));
    await world.backups.claimOfServer(server.id, hours, id);
    expect(await leaseSeconds(id)).to.be.greaterThan(hours - 60);
    expect(await world.backups.requestCancel(id)).to.equal('pending');
    expect(await leaseSeconds(id)).to.be.within(remoteCancelSeconds - 30, remoteCancelSeconds);
    await world.backups.requestCancel(id);
    await world.sql(`update holdfast.backups set lease_until = now() - interval '1 second' where id = $1`, [id]);
    await world.backups.reapExpired(100, 0);
    expect((await world.backups.find(id))?.error).to.include({ code: 'cancelled' });
    expect(await world.backups.reserveRevival(id)).to.equal(null);
    expect(await world.backups.revive(id, 1, { files: [newFile(id)], manifestKey: 'm' })).to.equal(false);
  });

  it('of our own workers keep their lease after a cancel, to tidy up under it', async () => {
    const { id } = await world.newBackup();
    await world.backups.claim(id, { worker: 'worker-1', seconds: hours });
    await world.backups.requestCancel(id);
    expect(await leaseSeconds(id)).to.be.greaterThan(hours - 60);
  });

  describe('of restores', () => {
    const due = async (id: string): Promise<number> =>
      (await world.restores.takeSweepable(100, 0, 3600)).filter(({ restoreId }) => restoreId === id).length;

    it('are swept after the restore has failed for good, and not again once that is recorded', async () => {
      const { id } = await newRestore();
      await world.restores.claim(id, lease);
      expect(await due(id)).to.equal(0);
      await world.restores.fail(id, 1, failure);
      expect(await due(id), 'it is tried again').to.equal(0);
      await world.restores.claim(id, lease);
      await world.restores.fail(id, 2, { ...failure, retryable: false });
      expect((await world.restores.takeSweepable(100, 60, 0)).length, 'before its time').to.equal(0);
      expect(await due(id)).to.equal(1);
      expect(await due(id), 'rung for a moment ago').to.equal(0);
      await world.restores.markSwept(id);
      expect(await world.restores.takeSweepable(100, 0, 0)).to.deep.equal([]);
    });

    it('are swept the more seldom the longer their server is away', async () => {
      const { id } = await newRestore();
      await world.restores.claim(id, lease);
      await world.restores.fail(id, 1, { ...failure, retryable: false });
      const age = `update holdfast.restore_attempts set ended_at = now() - interval '40 hours', rung_at = now() - $2::interval where restore_id = $1`;
      await world.sql(age, [id, '9 hours']);
      expect((await world.restores.takeSweepable(100, 0, 30)).length).to.equal(0);
      await world.sql(age, [id, '11 hours']);
      expect((await world.restores.takeSweepable(100, 0, 30)).length).to.equal(1);
      await world.restores.markSwept(id);
    });

    it('of restores in place are swept when they are done, too: the former content may have been left', async () => {
      const { id } = await newRestore();
      await world.restores.claim(id, lease);
      expect(await due(id), 'while it runs').to.equal(0);
      await world.restores.settle(id, 1, 'restored');
      expect(await due(id)).to.equal(1);
      await world.restores.markSwept(id);
      expect(await due(id)).to.equal(0);
    });

    it('need no sweep where a later one was done, which began by it', async () => {
      const { id } = await newRestore({ mode: 'new_database', database: 'copy' });
      await world.restores.claim(id, lease);
      await world.restores.fail(id, 1, failure);
      await world.restores.claim(id, lease);
      await world.restores.settle(id, 2, 'restored');
      const swept =
        'select swept_at is not null as swept, settled from holdfast.restore_attempts where restore_id = $1 order by attempt';
      expect(await world.sql(swept, [id])).to.deep.equal([
        { swept: true, settled: false },
        { swept: false, settled: true },
      ]);
      expect(await world.restores.takeSweepable(100, 0, 0)).to.deep.equal([]);
    });
  });
});
