import { accountEntity, apiTokenEntity } from './accounts.ts';
import { backupAttemptEntity, backupEntity, backupFileEntity } from './backups.ts';
import { databaseEntity } from './databases.ts';
import { destinationEntity } from './destinations.ts';
import { remoteUploadEntity } from './remote-uploads.ts';
import { idempotencyKeyEntity, requestRateEntity } from './requests.ts';
import { restoreEntity } from './restores.ts';
import { scheduleEntity } from './schedules.ts';
import { serverEntity } from './servers.ts';

/** Every table. */
export const entities = [
  accountEntity,
  apiTokenEntity,
  serverEntity,
  destinationEntity,
  databaseEntity,
  scheduleEntity,
  backupEntity,
  backupFileEntity,
  backupAttemptEntity,
  remoteUploadEntity,
  restoreEntity,
  idempotencyKeyEntity,
  requestRateEntity,
];
