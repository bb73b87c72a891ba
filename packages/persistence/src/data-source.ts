import type { EventEmitter } from 'node:events';
import { DataSource, DefaultNamingStrategy, type Logger, type Table } from 'typeorm';
import { HoldfastError, type Secret } from '@holdfast/shared/domain';
import { entities } from './entities/index.ts';
import { migrations } from './migrations/index.ts';

/** `createdAt` is `created_at`, and primary keys have the names that PostgreSQL itself gives. */
class Naming extends DefaultNamingStrategy {
  override columnName(property: string, custom: string | undefined): string {
    return custom ?? property.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  }

  override primaryKeyName(table: Table | string): string {
    return `${this.getTableName(table).replace(/^.*\./, '')}_pkey`;
  }
}

/** What fails is thrown to the caller, who logs it with its context; parameters never reach a log. */
const silent: Logger = {
  logQuery: () => undefined,
  logQueryError: () => undefined,
  logQuerySlow: () => undefined,
  logSchemaBuild: () => undefined,
  logMigration: () => undefined,
  log: () => undefined,
};

export interface DataSourceOptions {
  poolSize: number;
  /** A statement that takes longer is ended by the server; 0 for no limit. */
  statementSeconds: number;
}

/**
 * Connects to the service's own database.
 * @throws HoldfastError host_unreachable, with the reason
 */
export async function connect(url: Secret, options: DataSourceOptions): Promise<DataSource> {
  const dataSource = new DataSource({
    type: 'postgres',
    url: url.reveal(),
    schema: 'holdfast',
    entities,
    migrations,
    migrationsTableName: 'migrations',
    migrationsTransactionMode: 'all',
    namingStrategy: new Naming(),
    installExtensions: false,
    logger: silent,
    poolSize: options.poolSize,
    connectTimeoutMS: 10_000,
    // A connection that breaks while idle leaves the pool; the next statement takes another or tells what is wrong.
    poolErrorHandler: () => undefined,
    extra: { keepAlive: true, statement_timeout: options.statementSeconds * 1000, onConnect: survive },
  });
  try {
    return await dataSource.initialize();
  } catch (error) {
    throw unusable(error);
  }
}

/**
 * For a moment on its way from the pool nobody listens to a connection. One that its server ends just then would end the
 * process; so it fails the first statement instead.
 */
function survive(client: EventEmitter): void {
  client.on('error', () => undefined);
}

/** What a driver says when the database cannot be used, as host_unreachable; what is ours stays as it is. */
export function unusable(error: unknown): HoldfastError {
  if (error instanceof HoldfastError) return error;
  const reasons = error instanceof AggregateError ? error.errors : [error];
  const reason = reasons.map((one) => (one instanceof Error ? one.message : String(one))).join('; ');
  const message = `The service's own database (DATABASE_URL) cannot be used: ${reason}.`;
  return new HoldfastError('host_unreachable', message, { cause: error });
}
