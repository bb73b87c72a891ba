import type { Readable } from 'node:stream';
import type { ContentLevel, ContentManifest } from './content.ts';
import type { Connection } from './database.ts';
import type { BackupPart } from './part.ts';
import type { ContentTarget, OwnershipMode, RestoreSelection } from './restore.ts';

/** `sqlite` is a file and `files` a directory, of a remote server or of a volume that our workers have; `redis` is Valkey too. */
export const engineTypes = ['postgresql', 'mysql', 'mariadb', 'sqlite', 'redis', 'mongodb', 'files'] as const;
export type EngineType = (typeof engineTypes)[number];

/** Where a server of that kind listens when nobody says otherwise; null where there is none and the database is a path. */
export const defaultPorts = {
  postgresql: 5432,
  mysql: 3306,
  mariadb: 3306,
  sqlite: null,
  redis: 6379,
  mongodb: 27_017,
  files: null,
} as const satisfies Record<EngineType, number | null>;

/** Whether databases of that kind are paths on the machine of whoever backs them up, rather than on a server. */
export const isPath = (type: EngineType): boolean => defaultPorts[type] === null;

/** How a dump of each kind is called before compression, and the format that it is in. */
export const archives = {
  postgresql: { fileName: 'dump.pgdump', format: 'pg_dump-custom' },
  mysql: { fileName: 'dump.sql', format: 'mysqldump-sql' },
  mariadb: { fileName: 'dump.sql', format: 'mariadb-dump-sql' },
  sqlite: { fileName: 'dump.sqlite', format: 'sqlite-database' },
  redis: { fileName: 'dump.rdb', format: 'redis-rdb' },
  mongodb: { fileName: 'dump.archive', format: 'mongodump-archive' },
  files: { fileName: 'archive.tar', format: 'tar' },
} as const satisfies Record<EngineType, { fileName: string; format: string }>;

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
  /** What a dump would not hold, or not as of one moment, in sentences: tables without transactions. Absent: nothing. */
  warnings?: string[];
  /** The client program that would make the dump. */
  tool: Tool;
}

export interface DumpOptions {
  /** How much of the content is measured in the dump's own snapshot; null: nothing. */
  content: ContentLevel | null;
  /** Seconds that the measuring may take; what is not measured by then is named in the content manifest. */
  contentSeconds: number;
}

/** A dump on its way. */
export interface Dump {
  /**
   * The bytes. Ends only after the dump program exited 0; on anything else it is destroyed with a `HoldfastError` that
   * carries the redacted tail of what the program said. Destroying it ends the program. A chunk belongs to whoever reads it,
   * who may give its memory back: the engine keeps none.
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
  /** The part of the database that this dump is of; absent: the whole. */
  part?: BackupPart;
  /** What this dump does not hold, or not as of one moment, in sentences; kept with the backup. Absent: nothing. */
  warnings?: string[];
  /**
   * What the database holds in the very snapshot that is dumped; absent where it was not asked for or the engine cannot. To be
   * awaited after the stream's end; a failure of it is noted in the content manifest rather than thrown, except where the
   * dump itself fails. Destroying the stream ends this too.
   */
  content?: Promise<ContentManifest>;
}

export interface RestoreRequest {
  target: ContentTarget;
  ownership: OwnershipMode;
  /** Names what the restore builds beside the old content, so that what a killed one left is recognised. */
  restoreId: string;
  /** Absent: everything in the dump. */
  selection?: RestoreSelection | null;
  /** The part of a database that the dump is of, which never takes the place of a whole one; absent: it is of the whole. */
  part?: BackupPart | null;
  /** What was restored must equal this before it is put in place; absent: it is not compared. */
  expected?: ContentManifest | null;
  /** Whether a restore in place keeps the former content, for `undoRestore`, until `dropFormer`; absent: it is dropped. */
  keepFormer?: boolean;
}

/** What is known of a backup before it is restored. */
export interface RestoreSubject {
  serverVersion: string;
  tool: Tool;
  /** Plain bytes of the dump; null where nobody knows. */
  plainBytes: number | null;
  /** Null where the backup has none. */
  content: ContentManifest | null;
  /** Roles that the globals which come before it bring; absent: none. */
  roles?: readonly string[];
}

/** One thing that a look before a restore found. */
export interface PreflightFinding {
  /** `blocker`: the restore would fail; `warning`: it may not do what is expected. */
  severity: 'blocker' | 'warning' | 'note';
  /** `version`, `extension`, `space`, `owner`, `connections`, `privilege`, `roles`, `target` ... */
  code: string;
  /** What was found and what to do. */
  message: string;
}

export interface RestoreReport {
  tool: Tool;
  serverVersion: string;
  /** The database that now holds the content. */
  database: string;
  /** The database that holds the former content; absent where none is kept. */
  former?: string;
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

export interface GlobalsLook {
  findings: PreflightFinding[];
  /** All roles that are there afterwards because of it. */
  roles: string[];
}

/** A database that a server has. */
export interface ListedDatabase {
  name: string;
  /** Bytes on its disk; null where nobody tells. */
  sizeBytes: number | null;
}

/** What belongs to a server as a whole and stands in none of its databases: its roles. */
export interface EngineGlobals {
  /** The format that `dump` makes and `restore` reads: `pg_dumpall-roles`. */
  readonly format: string;

  /** All of the server's roles, without passwords. Holds the same rules as a dump of a database. */
  dump(connection: Connection, context: EngineContext): Promise<Dump>;

  /** The same for globals as an engine's own `checkReadable`. */
  checkReadable(input: Readable, context: EngineContext): Promise<void>;

  /**
   * Reads `input` to its end before it changes anything, and then changes all or nothing. Roles that exist are kept and
   * brought to the backup's; nothing is taken away, and what could lock out the connecting user or a superuser is left
   * as it is. May be repeated. Needs no database but one to connect to, which need not be the connection's.
   */
  restore(connection: Connection, input: Readable, context: EngineContext): Promise<GlobalsReport>;

  /**
   * What `restore` of the same input would change of what is there, above all what somebody could do afterwards who cannot
   * now; changes nothing. Fails as `restore` would on an input that it refuses.
   */
  preflight(connection: Connection, input: Readable, context: EngineContext): Promise<GlobalsLook>;
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

  /**
   * The databases of the server that people made, in the order of their names; not those of the server's own. Needs no database
   * but one to connect to. Absent where a server has no several.
   */
  list?(connection: Connection, context: EngineContext): Promise<ListedDatabase[]>;

  /** Checks versions and privileges first, so that a dump that cannot succeed never starts. */
  dump(connection: Connection, context: EngineContext, options?: DumpOptions): Promise<Dump>;

  /**
   * Lets the restore program decode a dump to its end, without a server. Reads `input` to its end.
   * @throws HoldfastError integrity, when the program cannot; client_missing, client_too_old, restore_killed
   */
  checkReadable(input: Readable, context: EngineContext): Promise<void>;

  /**
   * Measures what a database holds now, in the same way as `like` was measured.
   * @throws HoldfastError configuration, when this version cannot measure in that way
   */
  readContent(connection: Connection, like: ContentManifest, context: EngineContext): Promise<ContentManifest>;

  /** Looks whether a restore could succeed and what it would do, and changes nothing. */
  preflight(
    connection: Connection,
    request: RestoreRequest,
    subject: RestoreSubject,
    context: EngineContext,
  ): Promise<PreflightFinding[]>;

  /**
   * Swaps the former content, which a restore in place kept, back: afterwards that is kept which the restore had brought.
   * May be repeated: done again by the same `undoId` it changes nothing.
   * @returns what the target holds now, one sentence
   * @throws HoldfastError former_missing
   */
  undoRestore(connection: Connection, restoreId: string, undoId: string, context: EngineContext): Promise<string>;

  /** Drops what a restore in place, or its undoing, kept. Succeeds when there is nothing. */
  dropFormer(connection: Connection, restoreId: string, context: EngineContext): Promise<void>;

  /** Drops a database that this very restore has made as a new one, and no other. Succeeds when it is not there. */
  dropRestored(connection: Connection, request: RestoreRequest, context: EngineContext): Promise<void>;

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
   * @returns what the target holds; null when it does not hold it, or when doing it again leads to the same
   */
  findRestored(
    connection: Connection,
    request: RestoreRequest,
    context: EngineContext,
  ): Promise<Pick<RestoreReport, 'outcome' | 'former'> | null>;

  /**
   * Removes what a killed or abandoned restore left beside the target. Safe to call at any time after it ended; never
   * touches the target itself, nor former content that is kept.
   */
  cleanUpRestore(connection: Connection, restoreId: string, context: EngineContext): Promise<void>;
}
