import type { EntityManager } from 'typeorm';
import { only } from './only.ts';

/** An instant so many seconds from now, by the database's clock, in SQL. */
export const after = (seconds: string): string => `clock_timestamp() + make_interval(secs => ${seconds})`;

/** By the database's clock, as it is now and not as the transaction began. */
export async function currentTime(manager: EntityManager): Promise<Date> {
  return only(await manager.query<{ now: Date }[]>('select clock_timestamp() as now')).now;
}
