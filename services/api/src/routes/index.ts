import type { Dialect } from '../http/dialect.ts';
import type { Route } from '../http/route.ts';
import { archiveRoutes } from './databases/archive.ts';
import { backupRoutes } from './databases/backups.ts';
import { databaseRoutes } from './databases/databases.ts';
import { databaseDialect } from './databases/dialect.ts';
import { downloadRoutes } from './databases/download.ts';
import { restoreRoutes } from './databases/restores.ts';
import { scheduleRoutes } from './databases/schedules.ts';
import { destinationRoutes } from './destinations/destinations.ts';
import { destinationDialect } from './destinations/dialect.ts';
import { healthRoutes } from './health.ts';

/** Every route of the API. */
export const routes: readonly Route[] = [
  ...healthRoutes,
  ...databaseRoutes,
  ...scheduleRoutes,
  ...backupRoutes,
  ...archiveRoutes,
  ...downloadRoutes,
  ...restoreRoutes,
  ...destinationRoutes,
];

const dialects: readonly (readonly [prefix: string, dialect: Dialect])[] = [
  ['/api/backup-destinations', destinationDialect],
];

/** The dialect that a path is answered in, whether or not there is such a path. */
export const dialectOf = (path: string): Dialect =>
  dialects.find(([prefix]) => path === prefix || path.startsWith(`${prefix}/`))?.[1] ?? databaseDialect;
