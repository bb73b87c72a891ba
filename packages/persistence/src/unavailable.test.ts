import { expect } from 'chai';
import { isUnavailable } from './unavailable.ts';
import { openWorld, type World } from './testing/world.ts';

describe('a failure of the database', () => {
  let world: World;

  before(async () => {
    world = await openWorld();
  });
  after(() => world.drop());

  it('is told from a mistake of ours when its server ends a session in the middle of a statement', async () => {
    const failed = await world.whileOpen('lock table holdfast.databases', [], async () => {
      const listing = world.databases.list(world.account.id).catch((error: unknown) => error);
      await world.waitsForLock();
      await world.sql(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and wait_event_type = 'Lock'`,
      );
      return await listing;
    });
    expect(isUnavailable(failed)).to.equal(true);
    const mistake = await world.another().then(async ({ databases }) => {
      return await databases.list(Number.NaN).catch((error: unknown) => error);
    });
    expect([mistake instanceof Error, isUnavailable(mistake)]).to.deep.equal([true, false]);
  });
});
