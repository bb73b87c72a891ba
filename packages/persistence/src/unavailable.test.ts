import { once, type EventEmitter } from 'node:events';
import { expect } from 'chai';
import type { EntityManager } from 'typeorm';
import { connect } from './data-source.ts';
import { restoreEntity } from './entities/restores.ts';
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

  it('is told from a mistake of ours when its server ends a session between two statements of a transaction', async () => {
    const dataSource = await connect(world.url, { poolSize: 1, statementSeconds: 10 });
    const asks: ((manager: EntityManager) => Promise<unknown>)[] = [
      (manager) => manager.query('select'),
      (manager) => manager.findOneBy(restoreEntity, { id: world.account.name }),
    ];
    try {
      for (const ask of asks) {
        const failed = await dataSource
          .transaction(async (manager) => {
            const [own] = await manager.query<{ pid: number }[]>('select pg_backend_pid() as pid');
            const ended = once((await manager.queryRunner?.connect()) as EventEmitter, 'error');
            await world.sql('select pg_terminate_backend($1)', [own?.pid]);
            await ended;
            await ask(manager);
          })
          .catch((error: unknown) => error);
        expect([failed instanceof Error, isUnavailable(failed)]).to.deep.equal([true, true]);
      }
    } finally {
      await dataSource.destroy();
    }
  });
});
