import type { Readable } from 'node:stream';
import type { Connection } from './database.ts';
import type { OwnershipMode, RestoreTarget } from './restore.ts';

/** `files` is a directory of a remote server, which alone can read it. */
export const engineTypes = ['postgresql', 'files'] as const;
export type EngineType = (typeof engineTypes)[number];

/** Where a server of that kind listens when nobody says otherwise; null where there is none. */
export const defaultPorts = { postgresql: 5432, files: null } as const satisfies Record<EngineType, number | null>;

export interface Tool {
  /** The program's name: `pg_dump`. */
  name: string;
  version: string;
}

/** What a look at the server tells before any work. */
export interface ProbeReport {
  serverVersion: string;
  /** Bytes on the server's disk. */
  sizeBytes: number;
  /** Tables that a dump would read. */
  tables: number;
  /** What the user may not read, each as a sentence that names the object and the grant that would help. */
  missingPrivileges: string[];
  /** The client program that would make the dump. */
  tool: Tool;
}

/** A dump on its way. */
export interface Dump {
  /**
   * The bytes. Ends only after the dump program exited 0; on anything else it is destroyed with a `HoldfastError` that
   * carries the redacted tail of what the program said. Destroying it ends the program.
   */
  stream: Readable;
  /** File name for the archive, before compression: `dump.pgdump`. */
  fileName: string;
  /** Name of the engine's own format, the one that it restores: `pg_dump-custom`. */
  format: string;
  tool: Tool;
  serverVersion: string;
  /** Expected bytes, when the engine can tell. */
  estimatedBytes: number | null;
}

export interface RestoreRequest {
  target: RestoreTarget;
  ownership: OwnershipMode;
  /** Names what the restore builds beside the old content, so that what a killed one left is recognised. */
  restoreId: string;
}

export interface RestoreReport {
  tool: Tool;
  serverVersion: string;
  /** The database that now holds the content. */
  database: string;
  /** What the target holds now, one sentence. */
  outcome: string;
}

export interface EngineContext {
  /** Ends the work; the promise or stream then fails with the signal's reason. */
  signal: AbortSignal;
}

/** What a restore of globals did. */
export interface GlobalsReport {
  serverVersion: string;
  /** What the server holds now and what was left alone, in sentences. */
  outcome: string;
}

/** What belongs to a server as a whole and stands in none of its databases: its roles. */
export interface EngineGlobals {
  /** The format that `dump` makes and `restore` reads: `pg_dumpall-roles`. */
  readonly format: string;

  /** All of the server's roles, without passwords. Holds the same rules as a dump of a database. */
  dump(connection: Connection, context: EngineContext): Promise<Dump>;

  /**
   * Reads `input` to its end before it changes anything, and then changes all or nothing. Roles that exist are kept and
   * brought to the backup's; nothing is taken away, and what could lock out the connecting user or a superuser is left
   * as it is. May be repeated. Needs no database but one to connect to, which need not be the connection's.
   */
  restore(connection: Connection, input: Readable, context: EngineContext): Promise<GlobalsReport>;
}

/**
 * A kind of database: makes bytes and takes them back, knows nothing of stores or queues. Every failure is a
 * `HoldfastError`. Each implementation passes the engine conformance suite.
 */
export interface Engine {
  readonly type: EngineType;
  /** The format that `dump` makes and `restore` reads. */
  readonly format: string;
  /** Absent where servers of this kind have nothing of their own. */
  readonly globals?: EngineGlobals;

  /** @throws HoldfastError auth_failed, host_unknown, host_unreachable, database_missing, tls_failed, client_missing, client_too_old */
  probe(connection: Connection, context: EngineContext): Promise<ProbeReport>;

  /** Checks versions and privileges first, so that a dump that cannot succeed never starts. */
  dump(connection: Connection, context: EngineContext): Promise<Dump>;

  /**
   * Reads `input` to its end. Whatever fails, an existing database keeps its whole old content. Resolves only when the
   * restore program exited 0 with errors stopping it and `input` ended without an error.
   */
  restore(
    connection: Connection,
    request: RestoreRequest,
    input: Readable,
    context: EngineContext,
  ): Promise<RestoreReport>;

  /**
   * Looks whether an earlier attempt of the same restore had put the content in place although nobody heard of it. To be
   * asked after `cleanUpRestore`, when no such attempt goes on any more.
   * @returns what the target holds, one sentence; null when it does not hold it, or when doing it again leads to the same
   */
  findRestored(connection: Connection, request: RestoreRequest, context: EngineContext): Promise<string | null>;

  /**
   * Removes what a killed or abandoned restore left beside the target. Safe to call at any time after it ended; never
   * touches the target itself.
   */
  cleanUpRestore(connection: Connection, restoreId: string, context: EngineContext): Promise<void>;
}
