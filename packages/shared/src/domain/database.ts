import { isPath, type EngineType } from './engine.ts';
import { HoldfastError } from './errors.ts';
import type { Hooks } from './hook.ts';
import type { Objectives } from './objectives.ts';
import type { BackupPart } from './part.ts';
import { isForgotten, isUnreadable, type Secret } from './secret.ts';

export const tlsModes = ['disable', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;
/** The meaning of libpq's `sslmode`. Never lowered by us: what was asked for is done or the work fails. */
export type TlsMode = (typeof tlsModes)[number];

export const definersModes = ['keep', 'strip'] as const;
export type DefinersMode = (typeof definersModes)[number];

export interface DatabaseOptions {
  sslmode?: TlsMode | undefined;
  /** PEM certificates to trust for `verify-ca` and `verify-full`; the system's when absent. */
  ca?: string | undefined;
  /** Whether backups hold the server's roles too, as a file of their own. */
  globals?: boolean | undefined;
  /** Whether those hold the hashes of the roles' passwords. */
  globals_passwords?: boolean | undefined;
  /** The part of a PostgreSQL database that is backed up; absent: everything. */
  include?: BackupPart['include'];
  exclude?: BackupPart['exclude'];
  /** Patterns of what an archive of a directory leaves out. */
  ignore?: string[] | undefined;
  /** The database that holds the user of a MongoDB server; `admin` when absent. */
  auth_source?: string | undefined;
  /** Whom views, triggers, routines and events of MySQL act for after a restore: as they were, or whoever restores. */
  definers?: DefinersMode | undefined;
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
  /** Its name on the server; the absolute path of a kind that is a path. */
  database: string;
  options: DatabaseOptions;
  /** What is done around its backups; null: nothing. */
  hooks: Hooks | null;
  destinationId: number;
  /** What is asked of its backups; null: what its schedules promise. */
  objectives: Objectives | null;
  /** The policy of a whole server that covers it and says how it is reached; null: it was registered by itself. */
  policyId: string | null;
  /** Since when the policy's server lists it no more; null while it does. */
  vanishedAt: Date | null;
  /** Whether somebody said that this is as it should be; null: nobody said anything. */
  vanishExpected: boolean | null;
  createdAt: Date;
  updatedAt: Date;
}

/** What client programs read as an option or as a connection string, which could lead them to another server. */
export const noDatabaseName = /^-|=|^postgres(ql)?:\/\//;

/** How to reach a database. Of a kind that is a path, `database` says it all. */
export interface Connection extends Pick<Database, 'password' | 'database' | 'options'> {
  host: string;
  port: number;
  user: string;
}

const nowhere = { host: '', port: 0, user: '', password: null } as const;

/** What is registered of a database, beside what is done with its backups. */
export type Registration = Pick<Database, 'name' | 'type' | 'serverId' | 'host' | 'port' | 'user'> &
  Pick<Database, 'password' | 'database' | 'options'>;

/** @throws HoldfastError configuration, when our workers cannot reach the database; secret_forgotten; secret_unreadable */
export function connectionOf(registered: Registration): Connection {
  const { name, type, serverId, host, port, user, password, database, options } = registered;
  if (isPath(type) && serverId === null) return { ...nowhere, database, options };
  if (host === null || port === null || user === null) {
    const why =
      serverId === null
        ? 'came from an import and has no connection yet: give it host, port, user and password'
        : 'is reached only by its remote server';
    throw new HoldfastError('configuration', `The database "${name}" ${why}.`);
  }
  if (isUnreadable(password)) throw password.failure(`password of the database "${name}"`);
  if (isForgotten(password)) {
    throw new HoldfastError(
      'secret_forgotten',
      `The password of the database "${name}" was forgotten with the key that sealed it: set it again.`,
    );
  }
  return { host, port, user, password, database, options };
}
