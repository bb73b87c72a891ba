import type { Ids, Secret } from '@holdfast/shared/domain';
import type { SecretBox } from '@holdfast/shared/security';
import { Accounts } from './accounts.ts';
import { Alerts } from './alerts/alerts.ts';
import { Backups } from './backups.ts';
import { connect } from './data-source.ts';
import { Databases } from './databases.ts';
import { Destinations } from './destinations.ts';
import { IdempotencyKeys } from './idempotency.ts';
import { requireMigrated } from './migrate.ts';
import type { Persistence } from './repositories/index.ts';
import { RemoteUploads } from './remote-uploads.ts';
import { RequestRates } from './request-rates.ts';
import { Restores } from './restores.ts';
import { Schedules } from './schedules.ts';
import { Servers } from './servers.ts';

export interface PersistenceOptions {
  url: Secret;
  /** Seals and opens the secrets in rows. */
  box: SecretBox;
  ids: Ids;
  /** Connections at most; 10 when absent. */
  poolSize?: number;
}

/**
 * Opens the service's own database.
 * @throws HoldfastError host_unreachable, when it cannot be used; configuration, when `migrate` has to be run first
 */
export async function openPersistence({ url, box, ids, poolSize = 10 }: PersistenceOptions): Promise<Persistence> {
  const dataSource = await connect(url, { poolSize, statementSeconds: 30 });
  try {
    await requireMigrated(dataSource);
  } catch (error) {
    await dataSource.destroy();
    throw error;
  }
  return {
    accounts: new Accounts(dataSource, ids),
    databases: new Databases(dataSource, box, ids),
    destinations: new Destinations(dataSource, box),
    schedules: new Schedules(dataSource, ids),
    backups: new Backups(dataSource, ids),
    restores: new Restores(dataSource, ids),
    servers: new Servers(dataSource),
    alerts: new Alerts(dataSource, ids),
    remoteUploads: new RemoteUploads(dataSource),
    requestRates: new RequestRates(dataSource),
    idempotency: new IdempotencyKeys(dataSource, box, ids),
    ping: async () => {
      await dataSource.query('select 1');
    },
    close: () => dataSource.destroy(),
  };
}
