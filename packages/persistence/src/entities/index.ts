import { accountEntity, apiTokenEntity } from './accounts.ts';
import { alertEntity } from './alerts.ts';
import { auditEntity, auditIntentEntity } from './audit.ts';
import { backupAttemptEntity, backupEntity, backupFileEntity } from './backups.ts';
import { databaseEntity } from './databases.ts';
import { destinationEntity } from './destinations.ts';
import { hookRunEntity } from './hooks.ts';
import { importEntity } from './imports.ts';
import { channelEntity, deliveryEntity, deliveryEventEntity, eventEntity, scanEntity } from './notifications.ts';
import { protectionStateEntity, serviceInstanceEntity } from './protection.ts';
import { orphanEntity, reconciliationEntity } from './reconciliations.ts';
import { policyEntity, policyRunAttemptEntity, policyRunEntity } from './policies.ts';
import { remoteUploadEntity } from './remote-uploads.ts';
import { idempotencyKeyEntity, requestRateEntity } from './requests.ts';
import { restoreAttemptEntity, restoreEntity } from './restores.ts';
import { scheduleEntity } from './schedules.ts';
import { serverEntity } from './servers.ts';
import { sessionEntity } from './sessions.ts';
import { slotEntity } from './slots.ts';
import { verificationAttemptEntity, verificationEntity } from './verifications.ts';

/** Every table. */
export const entities = [
  accountEntity,
  apiTokenEntity,
  sessionEntity,
  serverEntity,
  destinationEntity,
  policyEntity,
  databaseEntity,
  scheduleEntity,
  policyRunEntity,
  policyRunAttemptEntity,
  backupEntity,
  backupFileEntity,
  backupAttemptEntity,
  hookRunEntity,
  remoteUploadEntity,
  restoreEntity,
  restoreAttemptEntity,
  verificationEntity,
  verificationAttemptEntity,
  slotEntity,
  reconciliationEntity,
  orphanEntity,
  importEntity,
  protectionStateEntity,
  serviceInstanceEntity,
  alertEntity,
  auditEntity,
  auditIntentEntity,
  channelEntity,
  eventEntity,
  deliveryEntity,
  deliveryEventEntity,
  scanEntity,
  idempotencyKeyEntity,
  requestRateEntity,
];
