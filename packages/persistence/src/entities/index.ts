import { accountEntity, apiTokenEntity } from './accounts.ts';
import { backupAttemptEntity, backupEntity, backupFileEntity } from './backups.ts';
import { databaseEntity } from './databases.ts';
import { destinationEntity } from './destinations.ts';
import { restoreEntity } from './restores.ts';
import { scheduleEntity } from './schedules.ts';

/** Every table. */
export const entities = [
  accountEntity,
  apiTokenEntity,
  destinationEntity,
  databaseEntity,
  scheduleEntity,
  backupEntity,
  backupFileEntity,
  backupAttemptEntity,
  restoreEntity,
];
