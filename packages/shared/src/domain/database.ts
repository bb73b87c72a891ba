import type { EngineType } from './engine.ts';
import { HoldfastError } from './errors.ts';
import type { Secret } from './secret.ts';

export const tlsModes = ['disable', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;
/** The meaning of libpq's `sslmode`. Never lowered by us: what was asked for is done or the work fails. */
export type TlsMode = (typeof tlsModes)[number];

export interface DatabaseOptions {
  sslmode?: TlsMode | undefined;
  /** PEM certificates to trust for `verify-ca` and `verify-full`; the system's when absent. */
  ca?: string | undefined;
  /** Whether backups hold the server's roles too, as a file of their own. */
  globals?: boolean | undefined;
}

/** A registered database: what to back up and how to reach it. */
export interface Database {
  id: string;
  accountId: number;
  /** Unique within the account. */
  name: string;
  type: EngineType;
  /** The remote server that backs it up, by its own configuration; null: our workers do, over the connection below. */
  serverId: number | null;
  /** Null where a remote server backs it up, and where nobody gave a connection yet; so are port and user. */
  host: string | null;
  port: number | null;
  user: string | null;
  password: Secret | null;
  /** Its name on the server. */
  database: string;
  options: DatabaseOptions;
  destinationId: number;
  createdAt: Date;
  updatedAt: Date;
}

/** What client programs read as an option or as a connection string, which could lead them to another server. */
export const noDatabaseName = /^-|=|^postgres(ql)?:\/\//;

/** How to reach a database. */
export interface Connection extends Pick<Database, 'password' | 'database' | 'options'> {
  host: string;
  port: number;
  user: string;
}

/** @throws HoldfastError configuration, when our workers cannot reach the database */
export function connectionOf({ name, serverId, host, port, user, password, database, options }: Database): Connection {
  if (host === null || port === null || user === null) {
    const why =
      serverId === null
        ? 'came from an import and has no connection yet: give it host, port, user and password'
        : 'is reached only by its remote server';
    throw new HoldfastError('configuration', `The database "${name}" ${why}.`);
  }
  return { host, port, user, password, database, options };
}
