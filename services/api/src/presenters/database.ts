import type { Database, Schedule } from '@holdfast/shared/domain';
import { presentPeriodic } from './schedule.ts';
import { presentTime } from './time.ts';

/** A registered database, without its password. */
export function presentDatabase(database: Database, periodic: Schedule | null) {
  return {
    id: database.id,
    name: database.name,
    type: database.type,
    host: database.host,
    port: database.port,
    user: database.user,
    database: database.database,
    options: database.options,
    destination_id: database.destinationId,
    ...presentPeriodic(periodic),
    created_at: presentTime(database.createdAt),
    updated_at: presentTime(database.updatedAt),
  };
}
