import type { Ids, Limits, Secret } from '@holdfast/shared/domain';
import type { SecretBox } from '@holdfast/shared/security';
import { Accounts } from './accounts.ts';
import { Alerts } from './alerts/alerts.ts';
import { Audit } from './audit/audit.ts';
import { Backups } from './backups.ts';
import { Changes } from './changes.ts';
import { connect, unusable } from './data-source.ts';
import { Databases } from './databases.ts';
import { Destinations } from './destinations.ts';
import { IdempotencyKeys } from './idempotency.ts';
import { HookRuns } from './hooks.ts';
import { Imports } from './imports.ts';
import { Metrics } from './metrics/metrics.ts';
import { noLimits } from './limits.ts';
import { Channels } from './notifications/channels.ts';
import { Notifications } from './notifications/notifications.ts';
import { requireFittingSchema } from './migrate.ts';
import { Policies } from './policies.ts';
import { Protection } from './protection/protection.ts';
import { PolicyRuns } from './policy-runs.ts';
import type { Persistence } from './repositories/index.ts';
import { Reconciliations } from './reconciliations.ts';
import { RemoteUploads } from './remote-uploads.ts';
import { RequestRates } from './request-rates.ts';
import { Restores } from './restores.ts';
import { Retention } from './retention.ts';
import { Schedules } from './schedules.ts';
import { Secrets } from './secrets.ts';
import { Servers } from './servers.ts';
import { Services } from './services.ts';
import { Sessions } from './sessions.ts';
import { Verifications } from './verifications.ts';

export interface PersistenceOptions {
  url: Secret;
  /** Seals and opens the secrets in rows. */
  box: SecretBox;
  ids: Ids;
  /** What may run at once; nothing is limited when absent. */
  limits?: Limits;
  /** Connections at most; 10 when absent. */
  poolSize?: number;
  /** How many slots of each schedule are planned before they are due; 10 when absent. */
  slotsAhead?: number;
  /** Seconds after which a service that was not heard is silent; 60 when absent. */
  silentSeconds?: number;
}

/**
 * Opens the service's own database.
 * @throws HoldfastError host_unreachable, when it cannot be used; configuration, when its schema does not fit
 */
export async function openPersistence({
  url,
  box,
  ids,
  limits = noLimits,
  poolSize = 10,
  slotsAhead = 10,
  silentSeconds = 60,
}: PersistenceOptions): Promise<Persistence> {
  const dataSource = await connect(url, { poolSize, statementSeconds: 30 });
  try {
    await requireFittingSchema(dataSource);
  } catch (error) {
    await dataSource.destroy().catch(() => undefined);
    throw unusable(error);
  }
  const protection = new Protection(dataSource, silentSeconds);
  return {
    accounts: new Accounts(dataSource, ids),
    databases: new Databases(dataSource, box, ids),
    destinations: new Destinations(dataSource, box),
    schedules: new Schedules(dataSource, ids, slotsAhead),
    policies: new Policies(dataSource, box, ids),
    policyRuns: new PolicyRuns(dataSource, box, ids),
    backups: new Backups(dataSource, ids, limits),
    restores: new Restores(dataSource, ids, limits),
    verifications: new Verifications(dataSource, ids, limits),
    servers: new Servers(dataSource),
    sessions: new Sessions(dataSource, ids),
    services: new Services(dataSource, silentSeconds),
    protection,
    alerts: new Alerts(dataSource, ids, silentSeconds),
    audit: new Audit(dataSource, ids),
    changes: new Changes(dataSource),
    channels: new Channels(dataSource, box, ids),
    notifications: new Notifications(dataSource, box, ids),
    retention: new Retention(dataSource, ids),
    remoteUploads: new RemoteUploads(dataSource),
    reconciliations: new Reconciliations(dataSource),
    imports: new Imports(dataSource),
    hooks: new HookRuns(dataSource),
    requestRates: new RequestRates(dataSource),
    idempotency: new IdempotencyKeys(dataSource, box, ids),
    secrets: new Secrets(dataSource, box),
    metrics: new Metrics(dataSource, { protection, silentSeconds }),
    ping: () => requireFittingSchema(dataSource),
    close: () => dataSource.destroy(),
  };
}
