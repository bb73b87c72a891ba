import type { Persistence } from '../index.ts';
import type { World } from './world.ts';

/** A clock of the test's own that stands until it is set, in the place of the database's. */
export interface TestClock {
  /** Repositories that are told the time by it. */
  persistence: Persistence;
  now: Date;
  set(now: Date): Promise<void>;
}

/**
 * PostgreSQL looks for `now()` and `clock_timestamp()` along the search path like for any other function: connections that
 * are opened from now on find those of the test first.
 */
export async function useClock(world: World, start: Date): Promise<TestClock> {
  const [database] = await world.sql<{ name: string }>('select current_database() as name');
  await world.sql('create schema test_clock');
  await world.sql('create table test_clock.present as select $1::timestamptz as at', [start]);
  for (const name of ['now', 'clock_timestamp']) {
    await world.sql(
      `create function test_clock.${name}() returns timestamptz stable language sql as 'select at from test_clock.present'`,
    );
  }
  await world.sql(`alter database "${database?.name}" set search_path = test_clock, pg_catalog, public`);
  const clock: TestClock = {
    persistence: await world.another(),
    now: start,
    set: async (now) => {
      await world.sql('update test_clock.present set at = $1', [now]);
      clock.now = now;
    },
  };
  return clock;
}
