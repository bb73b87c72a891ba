import type { Dialect } from '../http/dialect.ts';
import type { Route } from '../http/route.ts';
import { openApiRoutes } from '../openapi/routes.ts';
import { accountRoutes } from './account/account.ts';
import { alertRoutes } from './alerts/alerts.ts';
import { auditRoutes } from './audit/audit.ts';
import { backupsV1Routes } from './backups-v1/backups.ts';
import { backupsV1Dialect } from './backups-v1/dialect.ts';
import { restoresV1Routes } from './backups-v1/restores.ts';
import { archiveRoutes } from './databases/archive.ts';
import { backupRoutes } from './databases/backups.ts';
import { cancelRoutes } from './databases/cancel.ts';
import { databaseRoutes } from './databases/databases.ts';
import { deletionRoutes } from './databases/deletion.ts';
import { databaseDialect } from './databases/dialect.ts';
import { downloadRoutes } from './databases/download.ts';
import { fileRoutes } from './databases/files.ts';
import { hookRoutes } from './databases/hooks.ts';
import { preflightRoutes } from './databases/preflight.ts';
import { restoreRoutes } from './databases/restores.ts';
import { retentionRoutes } from './databases/retention.ts';
import { scheduleTimesRoutes } from './databases/schedule-times.ts';
import { scheduleRoutes } from './databases/schedules.ts';
import { slotRoutes } from './databases/slots.ts';
import { trialRoutes } from './databases/trial.ts';
import { undoRoutes } from './databases/undo.ts';
import { verificationRoutes } from './databases/verifications.ts';
import { destinationRoutes } from './destinations/destinations.ts';
import { destinationDialect } from './destinations/dialect.ts';
import { importRoutes } from './destinations/import.ts';
import { reconciliationRoutes } from './destinations/reconciliation.ts';
import { usageRoutes } from './destinations/usage.ts';
import { eventRoutes } from './events/events.ts';
import { healthRoutes } from './health.ts';
import { notificationRoutes } from './notifications/index.ts';
import { calendarRoutes } from './protection/calendar.ts';
import { protectionRoutes } from './protection/protection.ts';
import { remoteDialect } from './remote/dialect.ts';
import { remoteRoutes } from './remote/index.ts';
import { serverPolicyRoutes } from './server-policies/index.ts';
import { serverRoutes } from './servers/servers.ts';
import { sessionRoutes } from './session/session.ts';
import { tokenRoutes } from './tokens/tokens.ts';

/** Every route of the API. */
export const routes: readonly Route[] = [
  ...healthRoutes,
  ...databaseRoutes,
  ...trialRoutes,
  ...scheduleRoutes,
  ...scheduleTimesRoutes,
  ...slotRoutes,
  ...retentionRoutes,
  ...backupRoutes,
  ...deletionRoutes,
  ...fileRoutes,
  ...archiveRoutes,
  ...downloadRoutes,
  ...restoreRoutes,
  ...preflightRoutes,
  ...undoRoutes,
  ...cancelRoutes,
  ...hookRoutes,
  ...verificationRoutes,
  ...backupsV1Routes,
  ...restoresV1Routes,
  ...destinationRoutes,
  ...reconciliationRoutes,
  ...usageRoutes,
  ...importRoutes,
  ...serverPolicyRoutes,
  ...serverRoutes,
  ...sessionRoutes,
  ...eventRoutes,
  ...auditRoutes,
  ...tokenRoutes,
  ...accountRoutes,
  ...alertRoutes,
  ...protectionRoutes,
  ...calendarRoutes,
  ...notificationRoutes,
  ...remoteRoutes,
  ...openApiRoutes(() => routes),
];

const dialects: readonly (readonly [prefix: string, dialect: Dialect])[] = [
  ['/api/backup-destinations', destinationDialect],
  ['/v1', backupsV1Dialect],
  ['/api/remote', remoteDialect],
];

/** The dialect that a path is answered in, whether or not there is such a path. */
export const dialectOf = (path: string): Dialect =>
  dialects.find(([prefix]) => path === prefix || path.startsWith(`${prefix}/`))?.[1] ?? databaseDialect;
