import type { AccountRepository } from './accounts.ts';
import type { AlertRepository } from './alerts.ts';
import type { BackupRepository } from './backups.ts';
import type { DatabaseRepository } from './databases.ts';
import type { DestinationRepository } from './destinations.ts';
import type { HookRepository } from './hooks.ts';
import type { ImportRepository } from './imports.ts';
import type { PolicyRepository, PolicyRunRepository } from './policies.ts';
import type { ReconciliationRepository } from './reconciliations.ts';
import type { RemoteUploadRepository } from './remote-uploads.ts';
import type { IdempotencyRepository, RequestRateRepository } from './requests.ts';
import type { RestoreRepository } from './restores.ts';
import type { RetentionRepository } from './retention.ts';
import type { ScheduleRepository } from './schedules.ts';
import type { SecretRepository } from './secrets.ts';
import type { ServerRepository } from './servers.ts';
import type { VerificationRepository } from './verifications.ts';

export * from './accounts.ts';
export * from './alerts.ts';
export * from './backups.ts';
export * from './databases.ts';
export * from './destination-runs.ts';
export * from './destinations.ts';
export * from './hooks.ts';
export * from './imports.ts';
export * from './policies.ts';
export * from './reconciliations.ts';
export * from './remote-uploads.ts';
export * from './requests.ts';
export * from './restores.ts';
export * from './retention.ts';
export * from './schedules.ts';
export * from './secrets.ts';
export * from './servers.ts';
export * from './verifications.ts';
export * from './work.ts';

/** Everything that is kept, over one connection pool. */
export interface Persistence {
  accounts: AccountRepository;
  databases: DatabaseRepository;
  destinations: DestinationRepository;
  schedules: ScheduleRepository;
  policies: PolicyRepository;
  policyRuns: PolicyRunRepository;
  backups: BackupRepository;
  restores: RestoreRepository;
  verifications: VerificationRepository;
  servers: ServerRepository;
  alerts: AlertRepository;
  retention: RetentionRepository;
  remoteUploads: RemoteUploadRepository;
  reconciliations: ReconciliationRepository;
  requestRates: RequestRateRepository;
  imports: ImportRepository;
  hooks: HookRepository;
  idempotency: IdempotencyRepository;
  secrets: SecretRepository;
  /** Resolves when the database answers and its schema fits. */
  ping(): Promise<void>;
  close(): Promise<void>;
}
