import { expect } from 'chai';
import { attemptPrefix, type Backup } from '@holdfast/shared/domain';
import { failure, lease, newFile, openWorld, progress, type World } from './testing/world.ts';

const unknownId = '01937b7c-0000-7000-8000-000000000000';
const result = (id: string) => ({ files: [newFile(id)], manifestKey: 'manifest.json' });

describe('backups at work', () => {
  let world: World;
  before(async () => {
    world = await openWorld();
  });
  after(() => world.drop());

  const found = async (id: string): Promise<Backup> => {
    const backup = await world.backups.find(id);
    if (!backup) throw new Error(`Backup ${id} is gone.`);
    return backup;
  };
  const attempt = (id: string, number: number) => world.backups.findAttempt(id, number);
  const endLease = (id: string) =>
    world.sql(`update holdfast.backups set lease_until = now() - interval '1 second' where id = $1`, [id]);
  describe('when claimed', () => {
    it('go to one of two workers that claim at the same time', async () => {
      const other = await world.another();
      for (let round = 0; round < 20; round += 1) {
        const { id } = await world.newBackup();
        const claims = await Promise.all([world.backups, other.backups].map((side) => side.claim(id, lease)));
        expect(claims.filter((claim) => claim !== null)).to.have.length(1);
        expect((await found(id)).attempt).to.equal(1);
      }
    });

    it('have the attempt on record before the worker can write a byte', async () => {
      const { id } = await world.newBackup();
      const claimed = await world.backups.claim(id, lease);
      expect(claimed).to.deep.include({ status: 'pending', attempt: 1, leaseOwner: lease.worker, progressBytes: 0 });
      expect(claimed?.leaseUntil?.getTime()).to.be.within(Date.now() + 50_000, Date.now() + 70_000);
      expect(claimed?.startedAt).to.be.a('date');
      expect(await attempt(id, 1)).to.deep.include({
        prefix: attemptPrefix(await found(id), 1),
        destinationId: world.destination.id,
        worker: lease.worker,
        endedAt: null,
        settled: false,
        error: null,
      });
    });

    it('never run twice at once for one database, and run in the order in which they were asked for', async () => {
      const database = await world.newDatabase();
      const first = await world.newBackup(database);
      const second = await world.newBackup(database);
      expect(await world.backups.claim(second.id, lease), 'the second before the first').to.equal(null);
      expect(await world.backups.claim(first.id, lease)).to.include({ status: 'pending' });
      expect(await world.backups.claim(second.id, lease), 'the second beside the first').to.equal(null);
      await world.backups.settle(first.id, 1, result(first.id));
      expect(await world.backups.claim(second.id, lease)).to.include({ status: 'pending' });
    });

    it('do not wait for an older one that waits for its next attempt', async () => {
      const database = await world.newDatabase();
      const first = await world.newBackup(database);
      const second = await world.newBackup(database);
      await world.backups.claim(first.id, lease);
      await world.backups.fail(first.id, 1, { ...failure, retryInSeconds: 3600 });
      expect(await world.backups.claim(second.id, lease)).to.include({ status: 'pending' });
    });

    it('run once when two of one database are claimed in the same moment', async () => {
      const other = await world.another();
      for (let round = 0; round < 20; round += 1) {
        const database = await world.newDatabase();
        const older = await world.newBackup(database);
        const newer = await world.newBackup(database);
        // The older comes due in between: each claim then sees nothing that stands in its way.
        await world.sql(`update holdfast.backups set run_after = now() + interval '1 hour' where id = $1`, [older.id]);
        const comesDue = world
          .sql(`update holdfast.backups set run_after = now() where id = $1`, [older.id])
          .then(() => other.backups.claim(older.id, lease));
        const claims = await Promise.all([comesDue, world.backups.claim(newer.id, lease)]);
        expect(claims.filter((claim) => claim !== null)).to.have.length(1);
      }
    });

    it('are refused to run twice at once by the database itself', async () => {
      const database = await world.newDatabase();
      const first = await world.newBackup(database);
      const second = await world.newBackup(database);
      await world.backups.claim(first.id, lease);
      const force = world.sql(
        `update holdfast.backups set status = 'pending', lease_owner = 'x', lease_until = now() where id = $1`,
        [second.id],
      );
      expect(await force.catch((error: { constraint?: string }) => error.constraint)).to.equal('backups_running_key');
    });

    it('start with no progress after an attempt that had made some', async () => {
      const { id } = await world.newBackup();
      await world.backups.claim(id, lease);
      await world.backups.heartbeat(id, 1, lease, { progressBytes: 5_000_000_000, estimatedBytes: 6_000_000_000 });
      expect(await found(id)).to.deep.include({ progressBytes: 5_000_000_000, estimatedBytes: 6_000_000_000 });
      const { startedAt } = await found(id);
      await world.backups.fail(id, 1, failure);
      expect(await world.backups.claim(id, lease)).to.deep.include({
        attempt: 2,
        progressBytes: 0,
        estimatedBytes: null,
        startedAt,
        error: failure.error,
      });
    });
  });

  describe('when they end', () => {
    it('refuse to settle a stale attempt, and keep nothing of it', async () => {
      const { id } = await world.newBackup();
      await world.backups.claim(id, lease);
      await endLease(id);
      await world.backups.reapExpired(1000, 0);
      await world.backups.claim(id, { ...lease, worker: 'worker-2' });
      expect(await world.backups.settle(id, 1, result(id))).to.equal(false);
      expect(await world.backups.files(id)).to.deep.equal([]);
      expect(await found(id)).to.deep.include({ status: 'pending', attempt: 2, leaseOwner: 'worker-2', size: null });
      expect(await world.backups.heartbeat(id, 1, lease, progress)).to.equal('lost');
      expect(await world.backups.settle(id, 2, result(id))).to.equal(true);
    });

    it('are done with their files, sizes and manifest, all at once', async () => {
      const { id } = await world.newBackup();
      await world.backups.claim(id, lease);
      const files = [newFile(id), { ...newFile(id), id: unknownId, role: 'globals', key: 'g', size: 24 } as const];
      expect(await world.backups.settle(id, 1, { files, manifestKey: 'a1/manifest.json' })).to.equal(true);
      const backup = await found(id);
      expect(backup).to.deep.include({
        status: 'done',
        size: 1024,
        manifestKey: 'a1/manifest.json',
        progressBytes: 12_000_000_000,
        leaseOwner: null,
        leaseUntil: null,
        error: null,
      });
      expect(backup.completedAt).to.be.a('date');
      expect(await world.backups.files(id)).to.deep.equal(files);
      expect(await world.backups.filesOf([id])).to.deep.equal(files);
      expect(await attempt(id, 1)).to.deep.include({ settled: true, error: null });
      expect((await attempt(id, 1))?.endedAt).to.be.a('date');
    });

    it('are not done when a file cannot be recorded', async () => {
      const { id } = await world.newBackup();
      await world.backups.claim(id, lease);
      const files = [{ ...newFile(id), checksum: 'not a digest' }];
      const settling = world.backups.settle(id, 1, { files, manifestKey: 'm' });
      expect(await settling.catch((error: Error) => error.message)).to.contain('backup_files_checksum_check');
      expect(await found(id)).to.include({ status: 'pending', attempt: 1 });
      expect(await attempt(id, 1)).to.deep.include({ endedAt: null, settled: false });
    });

    it('say why on the row and on the attempt, and end as error when the failures are used up', async () => {
      const { id } = await world.newBackup();
      for (const [number, status] of [
        [1, 'scheduled'],
        [2, 'scheduled'],
        [3, 'error'],
      ] as const) {
        await world.backups.claim(id, lease);
        expect(await world.backups.fail(id, number, failure)).to.equal(status);
        expect(await found(id)).to.deep.include({ status, failures: number, error: failure.error });
        expect(await attempt(id, number)).to.deep.include({ settled: false, error: failure.error });
      }
      expect((await found(id)).completedAt).to.be.a('date');
      expect(await world.backups.claim(id, lease)).to.equal(null);
    });

    it('say why even when the program said what a row cannot hold', async () => {
      const { id } = await world.newBackup();
      await world.backups.claim(id, lease);
      const error = { code: 'dump_failed', message: 'pg_dump said a\0b\ud800.' } as const;
      expect(await world.backups.fail(id, 1, { ...failure, error })).to.equal('scheduled');
      expect((await found(id)).error?.message).to.equal('pg_dump said ab\ufffd.');
    });

    it('by a lease that ran out, go to the next worker with the reason', async () => {
      const { id } = await world.newBackup();
      await world.backups.claim(id, lease);
      expect((await world.backups.reapExpired(1000, 0)).some((reaped) => reaped.id === id)).to.equal(false);
      await endLease(id);
      const reaped = await world.backups.reapExpired(1000, 30);
      expect(reaped.filter((one) => one.id === id)).to.deep.equal([{ id, attempt: 1, status: 'scheduled' }]);
      const backup = await found(id);
      expect(backup).to.deep.include({ status: 'scheduled', failures: 1, completedAt: null });
      expect(backup.error?.code).to.equal('lease_expired');
      expect(backup.runAfter.getTime()).to.be.within(Date.now() + 20_000, Date.now() + 40_000);
      expect((await attempt(id, 1))?.error).to.deep.equal(backup.error);
    });

    it('by two reapers at the same time are taken back once', async () => {
      const other = await world.another();
      const ids = await Promise.all(Array.from({ length: 12 }, async () => (await world.newBackup()).id));
      for (const id of ids) await world.backups.claim(id, lease);
      for (const id of ids) await endLease(id);
      const turns = await Promise.all([world, other, world, other].map(({ backups }) => backups.reapExpired(100, 0)));
      const reaped = turns.flat().filter(({ id }) => ids.includes(id));
      expect(reaped.map(({ id }) => id).toSorted()).to.deep.equal(ids.toSorted());
    });

    it('are not taken from a worker whose heartbeat is just being written', async () => {
      const { id } = await world.newBackup();
      await world.backups.claim(id, lease);
      await endLease(id);
      const reaped = await world.whileOpen(
        `update holdfast.backups set lease_until = now() + interval '1 minute' where id = $1`,
        [id],
        () => world.backups.reapExpired(1000, 0),
      );
      expect(reaped.map((one) => one.id)).to.not.include(id);
    });

    it('by a worker that hands back, are due again at once and not counted as failed', async () => {
      const { id } = await world.newBackup();
      await world.backups.claim(id, lease);
      expect(await world.backups.handBack(id, 1)).to.equal(true);
      expect(await world.backups.handBack(id, 1)).to.equal(false);
      expect(await found(id)).to.deep.include({ status: 'scheduled', failures: 0, error: null });
      expect((await attempt(id, 1))?.error?.code).to.equal('stopping');
      expect(await world.backups.claim(id, lease)).to.include({ attempt: 2 });
    });

    it('by cancelling, are error at once while they wait, and at the next heartbeat while they run', async () => {
      const waiting = await world.newBackup();
      expect(await world.backups.requestCancel(waiting.id)).to.equal('error');
      const ended = await found(waiting.id);
      expect(ended.error?.code).to.equal('cancelled');
      expect(ended.completedAt).to.be.a('date');
      expect(await world.backups.requestCancel(waiting.id)).to.equal(null);

      const running = await world.newBackup();
      await world.backups.claim(running.id, lease);
      expect(await world.backups.heartbeat(running.id, 1, lease, progress)).to.equal('ok');
      expect(await world.backups.requestCancel(running.id)).to.equal('pending');
      expect(await world.backups.heartbeat(running.id, 1, lease, progress)).to.equal('cancel');
      expect(await world.backups.fail(running.id, 1, failure)).to.equal('error');
      expect((await found(running.id)).error?.code).to.equal('cancelled');
      expect((await attempt(running.id, 1))?.error?.code).to.equal('cancelled');
    });

    it('can be marked as damaged only after they were done, and keep the first time', async () => {
      const damage = { state: 'missing', detail: 'The dump is missing.' } as const;
      const waiting = await world.newBackup();
      await world.backups.markDamaged(waiting.id, damage);
      expect((await found(waiting.id)).damagedAt).to.equal(null);
      const { id } = await world.doneBackup();
      await world.backups.markDamaged(id, damage);
      const { damagedAt } = await found(id);
      expect(damagedAt).to.be.a('date');
      await world.backups.markDamaged(id, damage);
      expect((await found(id)).damagedAt).to.deep.equal(damagedAt);
    });
  });
});
