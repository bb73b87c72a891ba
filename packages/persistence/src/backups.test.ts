import { expect } from 'chai';
import { only } from './only.ts';
import { failure, lease, newFile, openWorld, unusedName, type World } from './testing/world.ts';

const unknownId = '01937b7c-0000-7000-8000-000000000000';
const result = (id: string) => ({ files: [newFile(id)], manifestKey: 'manifest.json' });

describe('backups', () => {
  let world: World;
  before(async () => {
    world = await openWorld();
  });
  after(() => world.drop());

  const attempt = (id: string, number: number) => world.backups.findAttempt(id, number);
  const endLease = (id: string) =>
    world.sql(`update holdfast.backups set lease_until = now() - interval '1 second' where id = $1`, [id]);
  /** Leaves nothing due, so that a test sees its own rows alone. */
  const settleOthers = () =>
    world.sql(`update holdfast.backups set run_after = now() + interval '1 day' where status = 'scheduled'`);

  describe('when asked for', () => {
    it('are a row that reads back as it was answered', async () => {
      const backup = await world.newBackup();
      expect(await world.backups.find(backup.id)).to.deep.equal(backup);
      expect(await world.backups.findOwned(world.account.id, backup.id)).to.deep.equal(backup);
      expect(await world.backups.findOwned(world.account.id + 1, backup.id)).to.equal(null);
    });

    it('are named by the time of the database and have ids that sort by time', async () => {
      const database = await world.newDatabase();
      const backups = [
        await world.newBackup(database),
        await world.newBackup(database),
        await world.newBackup(database),
      ];
      const [at] = await world.sql<{ at: string }>(
        `select to_char(created_at at time zone 'UTC', 'YYYYMMDDHH24MISS') as at from holdfast.backups where id = $1`,
        [backups[0]?.id],
      );
      expect(backups[0]?.name).to.equal(`${at?.at}_${database.name}`);
      const ids = backups.map(({ id }) => id);
      expect(ids.toSorted()).to.deep.equal(ids);
      expect((await world.backups.listOfDatabase(database.id)).map(({ id }) => id)).to.deep.equal(ids.toReversed());
    });

    it('are refused for an unknown database, and for a destination of another account', async () => {
      const wanted = { destinationId: null, method: 'manual', requestId: null, maxFailures: 3 } as const;
      const stranger = await world.accounts.create(unusedName());
      const theirs = await world.destinations.create(stranger.id, {
        label: 'x',
        type: 'local',
        settings: { path: '' },
      });
      const { id: databaseId } = await world.newDatabase();
      expect(await world.backups.create({ ...wanted, databaseId: unknownId })).to.equal(null);
      expect(await world.backups.create({ ...wanted, databaseId: 'not-an-id' })).to.equal(null);
      expect(await world.backups.create({ ...wanted, databaseId, destinationId: theirs.id })).to.equal(null);
      expect(await world.backups.create({ ...wanted, databaseId, destinationId: 2 ** 40 })).to.equal(null);
    });

    it('by an id that is not one, are unknown rather than an error', async () => {
      expect(await world.backups.find('1; drop table backups')).to.equal(null);
      expect(await world.backups.claim('x', lease)).to.equal(null);
      expect(await world.backups.filesOf(['x'])).to.deep.equal([]);
      expect(await world.backups.requestCancel('x')).to.equal(null);
    });
  });

  describe('that are due', () => {
    beforeEach(settleOthers);

    it('are rung once by two dispatchers, and again only after a while', async () => {
      const other = await world.another();
      const ids = await Promise.all(Array.from({ length: 30 }, async () => (await world.newBackup()).id));
      const turns = await Promise.all([world, other, world, other].map(({ backups }) => backups.takeDue(30, 30)));
      expect(
        turns
          .flat()
          .map(({ id }) => id)
          .toSorted(),
      ).to.deep.equal(ids.toSorted());
      expect(turns.flat()[0]).to.deep.include({ attempt: 1, requestId: 'r-1' });
      expect(await world.backups.takeDue(100, 30)).to.deep.equal([]);
      await world.sql(`update holdfast.backups set rung_at = rung_at - interval '31 seconds' where id = $1`, [ids[0]]);
      expect((await world.backups.takeDue(100, 30)).map(({ id }) => id)).to.deep.equal([ids[0]]);
    });

    it('are rung without waiting for one that is just being claimed', async () => {
      const [claimed, free] = [await world.newBackup(), await world.newBackup()];
      const due = await world.whileOpen('select from holdfast.backups where id = $1 for update', [claimed.id], () =>
        world.backups.takeDue(100, 30),
      );
      expect(due.map(({ id }) => id)).to.deep.equal([free.id]);
    });

    it('again after a failed, handed back or lost attempt are rung on time, not after the pause', async () => {
      const { id } = await world.newBackup();
      const endings = [
        () => world.backups.fail(id, 1, failure),
        () => world.backups.handBack(id, 2),
        async () => {
          await endLease(id);
          await world.backups.reapExpired(1000, 0);
        },
      ];
      for (const [index, end] of endings.entries()) {
        const due = { id, attempt: index + 1, refusals: 0, requestId: 'r-1' };
        expect(await world.backups.takeDue(100, 3600)).to.deep.equal([due]);
        await world.backups.claim(id, lease);
        await end();
      }
      expect((await world.backups.takeDue(100, 3600))[0]).to.include({ id, attempt: 4 });
    });

    it('are not rung before their time', async () => {
      const { id } = await world.newBackup();
      await world.backups.claim(id, lease);
      await world.backups.fail(id, 1, { ...failure, retryInSeconds: 60 });
      expect(await world.backups.takeDue(100, 30)).to.deep.equal([]);
    });

    it('are rung one at a time for each database, the next as soon as the one before it ended', async () => {
      const database = await world.newDatabase();
      const first = await world.newBackup(database);
      const second = await world.newBackup(database);
      const rung = async () => (await world.backups.takeDue(100, 3600)).map(({ id }) => id);
      expect(await rung()).to.deep.equal([first.id]);
      await world.backups.claim(first.id, lease);
      expect(await rung()).to.deep.equal([]);
      await world.backups.settle(first.id, 1, result(first.id));
      expect(await rung()).to.deep.equal([second.id]);
    });
  });

  describe('whose attempt did not settle', () => {
    it('are swept after a delay, by one of two sweepers, until the sweep is recorded', async () => {
      const other = await world.another();
      await world.sql(
        'update holdfast.backup_attempts set swept_at = now() where ended_at is not null and not settled',
      );
      const { id } = await world.newBackup();
      await world.backups.claim(id, lease);
      expect(await world.backups.takeSweepable(100, 0, 30), 'while it runs').to.deep.equal([]);
      await world.backups.fail(id, 1, failure);
      expect(await world.backups.takeSweepable(100, 300, 30), 'too early').to.deep.equal([]);
      const turns = await Promise.all([world, other].map(({ backups }) => backups.takeSweepable(100, 0, 30)));
      expect(only(turns.flat())).to.deep.equal(await attempt(id, 1));
      await world.sql(`update holdfast.backup_attempts set rung_at = rung_at - interval '31 seconds'`);
      expect(await world.backups.takeSweepable(100, 0, 30)).to.have.length(1);
      await world.backups.markSwept(id, 1);
      expect((await attempt(id, 1))?.sweptAt).to.be.a('date');
      expect(await world.backups.takeSweepable(100, 0, 0)).to.deep.equal([]);
    });

    it('are taken without waiting for a sweep that is just being recorded', async () => {
      const ids = [(await world.newBackup()).id, (await world.newBackup()).id];
      for (const id of ids) {
        await world.backups.claim(id, lease);
        await world.backups.fail(id, 1, failure);
      }
      const taken = await world.whileOpen(
        'update holdfast.backup_attempts set swept_at = now() where backup_id = $1',
        [ids[0]],
        () => world.backups.takeSweepable(1000, 0, 0),
      );
      expect(taken.map(({ backupId }) => backupId))
        .to.include(ids[1])
        .and.not.include(ids[0]);
    });

    it('are the only ones that are ever swept', async () => {
      const { id } = await world.doneBackup();
      expect((await world.backups.takeSweepable(1000, 0, 0)).filter(({ backupId }) => backupId === id)).to.deep.equal(
        [],
      );
      await world.backups.markSwept(id, 1);
      expect((await attempt(id, 1))?.sweptAt).to.equal(null);
    });
  });
});
