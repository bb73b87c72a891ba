import { expect } from 'chai';
import type { Limits } from '@holdfast/shared/domain';
import type { Persistence } from './index.ts';
import { crowdOf, resultOf, type Crowd } from './testing/crowd.ts';
import { failure, lease, openWorld, type World } from './testing/world.ts';

describe('limits', () => {
  let world: World;
  let crowd: Crowd;
  before(async () => {
    world = await openWorld();
    crowd = crowdOf(world);
  });
  beforeEach(() => crowd.clear());
  after(async () => {
    await crowd.close();
    await world.drop();
  });

  const begun = async (claims: readonly Promise<unknown>[]): Promise<number> =>
    (await Promise.all(claims)).filter((claim) => claim !== null).length;

  /** Claims them all in the same moment over the connections of two processes. */
  const claimAll = async (limits: Partial<Limits>, backups: readonly string[], restores: readonly string[] = []) => {
    const sides = [await crowd.limited(limits), await crowd.limited(limits)];
    const side = (n: number): Persistence => sides[n % sides.length] ?? world;
    return await begun([
      ...backups.map((id, n) => side(n).backups.claim(id, lease)),
      ...restores.map((id, n) => side(n).restores.claim(id, lease)),
    ]);
  };

  it('of an account hold exactly when 20 claims come at once', async () => {
    const member = await crowd.member();
    const ids = await Promise.all(Array.from({ length: 20 }, async () => backupId(await crowd.database(member))));
    expect(await claimAll({ account: 3 }, ids)).to.equal(3);
  });

  it('of a server hold exactly when the backups of several accounts are claimed at once, however its name is spelt', async () => {
    const ids = await Promise.all(
      Array.from({ length: 20 }, async (_, n) =>
        backupId(await crowd.database(await crowd.member(), n % 2 === 0 ? 'One.example.com' : 'one.example.com')),
      ),
    );
    expect(await claimAll({ server: 3 }, ids)).to.equal(3);
  });

  it('of a destination hold exactly when 20 claims come at once', async () => {
    const member = await crowd.member();
    const ids = await Promise.all(Array.from({ length: 20 }, async () => backupId(await crowd.database(member))));
    expect(await claimAll({ destination: 3 }, ids)).to.equal(3);
  });

  it('of a server and of an account count backups and restores together', async () => {
    const member = await crowd.member();
    for (const limits of [{ account: 3 }, { server: 3 }]) {
      await crowd.clear();
      const databases = await Promise.all(Array.from({ length: 10 }, () => crowd.database(member, 'both.example.com')));
      const restores = await Promise.all(databases.map(async (database) => (await crowd.restore(database)).id));
      const backups = await Promise.all(databases.map(backupId));
      const claimed = await claimAll(limits, backups, restores);
      expect(claimed).to.be.within(2, 3);
      // What waits for the room that is left are the restores.
      const { restores: waiting } = await crowd.limited(limits);
      for (const id of restores) await waiting.claim(id, lease);
      expect(await running()).to.equal(3);
    }
  });

  it('of a destination do not count restores', async () => {
    const member = await crowd.member();
    const database = await crowd.database(member);
    const { id } = await crowd.restore(database);
    expect(await claimAll({ destination: 1 }, [await backupId(await crowd.database(member))], [id])).to.equal(2);
  });

  it('keep a place for a restore that waits', async () => {
    const member = await crowd.member();
    const { backups, restores } = await crowd.limited({ server: 2 });
    const [first, second, third] = await Promise.all(
      Array.from({ length: 3 }, () => crowd.database(member, 'kept.example.com')),
    );
    if (!first || !second || !third) throw new Error('Three databases were asked for.');
    const { id } = await crowd.restore(third);
    expect(await backups.claim(await backupId(first), lease), 'beside the place').to.not.equal(null);
    const late = await backupId(second);
    expect(await backups.claim(late, lease), 'in the place').to.equal(null);
    expect(await restores.claim(id, lease)).to.not.equal(null);
    await restores.settle(id, 1, 'restored');
    expect(await backups.claim(late, lease), 'after the restore').to.not.equal(null);
  });

  it('do not count what a remote server does', async () => {
    const server = await world.newServer();
    const { backups } = await crowd.limited({ account: 1, destination: 1 });
    for (let n = 0; n < 3; n += 1) {
      const { id } = await world.newBackup(await world.newDatabaseOf(server));
      expect(await backups.claimOfServer(server.id, 60, id)).to.not.equal(null);
    }
    expect(await backups.claim((await world.newBackup()).id, lease)).to.not.equal(null);
  });

  it('let the next one be rung for at once when room was made, under another name than the ring that was refused', async () => {
    const member = await crowd.member();
    const { backups } = await crowd.limited({ account: 1 });
    const ids = [await backupId(await crowd.database(member)), await backupId(await crowd.database(member))];
    const [first = '', second = ''] = ids;
    const rungAt = 'update holdfast.backups set rung_at = now() where id = any ($1)';
    await world.sql(rungAt, [ids]);
    await backups.claim(first, lease);
    expect(await backups.claim(second, lease)).to.equal(null);
    expect(await backups.takeDue(4, 3600), 'while there is no room').to.deep.equal([]);
    await backups.settle(first, 1, resultOf(first));
    const due = { id: second, attempt: 1, refusals: 1, requestId: null };
    expect(await backups.takeDue(4, 3600)).to.deep.equal([due]);
  });

  describe('between a backup and a restore in place of one database', () => {
    it('let one of them run, whichever is claimed first', async () => {
      const member = await crowd.member();
      const { backups, restores } = await crowd.limited({});
      for (let round = 0; round < 10; round += 1) {
        await crowd.clear();
        const database = await crowd.database(member);
        const { id } = await crowd.restore(database, { mode: 'in_place' });
        // The restore comes due in between: the backup's claim may not have seen it yet.
        await world.sql(`update holdfast.restores set run_after = now() + interval '1 hour' where id = $1`, [id]);
        const waiting = await backupId(database);
        const comesDue = world
          .sql('update holdfast.restores set run_after = now() where id = $1', [id])
          .then(() => restores.claim(id, lease));
        expect(await begun([comesDue, backups.claim(waiting, lease)])).to.equal(1);
      }
    });

    it('let the restore that waits go first, but not one that waits for its next attempt', async () => {
      const member = await crowd.member();
      const { backups, restores } = await crowd.limited({});
      const database = await crowd.database(member);
      const waiting = await backupId(database);
      const { id } = await crowd.restore(database, { mode: 'in_place' });
      expect(await backups.claim(waiting, lease), 'before a restore').to.equal(null);
      expect(await backups.takeDue(4, 3600)).to.deep.equal([]);
      await restores.claim(id, lease);
      await restores.fail(id, 1, { ...failure, retryInSeconds: 3600 });
      expect(await backups.claim(waiting, lease)).to.not.equal(null);
    });

    it('do not hold up a restore into a new database', async () => {
      const { backups, restores } = await crowd.limited({});
      const database = await crowd.database(await crowd.member());
      const { id } = await crowd.restore(database);
      const claims = [backups.claim(await backupId(database), lease), restores.claim(id, lease)];
      expect(await begun(claims)).to.equal(2);
    });
  });

  async function backupId(database: Parameters<Crowd['backup']>[0]): Promise<string> {
    return (await crowd.backup(database)).id;
  }

  const running = async (): Promise<number> => {
    const [row] = await world.sql<{ count: number }>(
      `select ((select count(*) from holdfast.backups where status = 'pending')
        + (select count(*) from holdfast.restores where status = 'pending'))::int as count`,
    );
    return row?.count ?? 0;
  };
});
