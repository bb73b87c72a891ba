import type { EngineType } from './engine.ts';
import type { BackupPart } from './part.ts';
import type { VerificationLevel } from './verification.ts';
import type { WorkAttempt, WorkState } from './work.ts';

/** What was found wrong with the stored objects of a backup; the sentence names the object. */
export interface Damage {
  /** An object is not there; it is not as it was stored; or what it restores to is not what was backed up. */
  state: 'missing' | 'changed' | 'unfaithful';
  detail: string;
}

/**
 * How damage was found: by a look at what the store says of its objects, which another look takes back; or by reading them, in
 * a verification or a download, which only a verification takes back.
 */
export type DamageFinder = 'look' | 'verification';

export const backupMethods = ['manual', 'periodic'] as const;
export type BackupMethod = (typeof backupMethods)[number];

/** A backup of one database: first a row, then a job, at last a manifest and its objects. */
export interface Backup extends WorkState {
  id: string;
  accountId: number;
  databaseId: string;
  destinationId: number;
  scheduleId: string | null;
  /** The tick of the schedule that this backup answers. */
  scheduledFor: Date | null;
  /** The run of a policy that made it. */
  runId: string | null;
  /** Whether it holds the server's globals; null: as the options of its database say. */
  withGlobals: boolean | null;
  method: BackupMethod;
  engine: EngineType;
  /** `YYYYMMDDhhmmss_<database name>`, UTC. */
  name: string;
  /** The request that caused it, for the logs; null for a schedule's. */
  requestId: string | null;
  createdAt: Date;
  /** When the first attempt began. */
  startedAt: Date | null;
  /** When it became `done` or `error`. */
  completedAt: Date | null;
  /** Bytes of plain dump so far in the present attempt. */
  progressBytes: number;
  /** Expected bytes of plain dump, when the engine can tell. */
  estimatedBytes: number | null;
  /** Stored bytes of what was backed up, without the content manifest; null until done. */
  size: number | null;
  /** Key of the manifest in the destination; null until done. */
  manifestKey: string | null;
  /** SHA-256 of the manifest's bytes, hex; null until done. */
  manifestSha256: string | null;
  /** The public keys that can open it; null when it is not encrypted. */
  recipients: string[] | null;
  /** What it does not hold, or not as of one moment, in sentences. */
  warnings: string[];
  /** The part of its database that it is of, which never takes the place of the whole; null: it is of the whole. */
  part: BackupPart | null;
  /** Set when it came into the catalogue from its destination, by an import. */
  importedAt: Date | null;
  /** Until then the store itself refuses to remove its objects. */
  objectLockedUntil: Date | null;
  /** Set when the object was found missing or different after it had been `done`. */
  damagedAt: Date | null;
  /** What was found; null while it is not damaged. */
  damage: (Damage & { by: DamageFinder }) | null;
  /** Set while it must not be deleted. */
  lockedAt: Date | null;
  /** Set when somebody asked to delete it: nobody sees it any more, and its objects are being removed. */
  deletionRequestedAt: Date | null;
  /** Why it is deleted: a sentence of retention's, or null when somebody asked for it. */
  deletionReason: string | null;
  /** When its objects will be removed; until then the deletion can be taken back. */
  deletionDueAt: Date | null;
  /** Not before then its age ends what alone keeps it, by the policy of its schedule. */
  expiresAt: Date | null;
  /** What is proven of it now; `stored` as soon as it is done, null when a later look found less than that. */
  verifiedLevel: VerificationLevel | null;
  /** When a verification last came to a verdict on it. */
  verifiedAt: Date | null;
}

/** `content` is the content manifest: it is verified with, and never restored. */
export const fileRoles = ['dump', 'globals', 'content'] as const;
export type FileRole = (typeof fileRoles)[number];

/** One stored object of a settled backup (the manifest is not among them). */
export interface BackupFile {
  id: string;
  backupId: string;
  role: FileRole;
  /** Name for people, without a path; unique within the backup. */
  name: string;
  /** Key in the destination. */
  key: string;
  /** Stored bytes. */
  size: number;
  /** Of the stored bytes: `sha256:<hex>`, or what a remote server reported, `sha1:<hex>` or `md5:<hex>`. */
  checksum: string;
  /** Bytes and SHA-256 (hex) of what was encrypted, the compressed file; null when it is not encrypted. */
  unencryptedSize: number | null;
  unencryptedSha256: string | null;
  /** Bytes that the engine made; null where a remote server did not say. */
  plainSize: number | null;
  /** SHA-256 of the bytes that the engine made, hex; null where a remote server did not say. */
  plainSha256: string | null;
}

/** Whether a file is of what was backed up: what a backup's size counts, people download and a restore brings back. */
export const isArchive = ({ role }: Pick<BackupFile, 'role'>): boolean => role !== 'content';

/** Stored bytes of a backup, and the plain ones that they hold as far as that is known. */
export function sizesOf(files: readonly BackupFile[]): { size: number; plainSize: number } {
  const archive = files.filter(isArchive);
  return {
    size: archive.reduce((sum, { size }) => sum + size, 0),
    plainSize: archive.reduce((sum, { size, plainSize }) => sum + (plainSize ?? size), 0),
  };
}

/** The algorithms of checksums, with the number of their hex digits. */
export const checksumDigits = { sha256: 64, sha1: 40, md5: 32 } as const;
export type ChecksumType = keyof typeof checksumDigits;

/** `YYYYMMDDhhmmss_<database name>` in UTC, as the database dialect names backups. */
export function backupName(databaseName: string, at: Date): string {
  return `${at.toISOString().replace(/\D/g, '').slice(0, 14)}_${databaseName}`;
}

/** The name that the database had when the backup was asked for. */
export const databaseNameOf = ({ name }: Pick<Backup, 'name'>): string => name.slice(name.indexOf('_') + 1);

/** What a download is saved as: `20261121060413_shop.dump.pgdump.zst`, so that two of them do not meet in one folder. */
export function downloadName({ name }: Pick<Backup, 'name'>, file: Pick<BackupFile, 'name'>): string {
  return `${name}.${file.name}`;
}

/**
 * The folder of one attempt, ending in `/`. It holds the attempt's number, so that a worker that lost its lease can never
 * overwrite the objects of the one that took over.
 */
export function attemptPrefix(backup: { id: string; databaseId: string; createdAt: Date }, attempt: number): string {
  const [yyyy, mm] = backup.createdAt.toISOString().split('-');
  return `${backup.databaseId}/${yyyy}/${mm}/${backup.id}/a${attempt}/`;
}

export const manifestName = 'manifest.json';

/** What one attempt may have left in the destination; the sweep removes the objects of attempts that did not settle. */
export interface BackupAttempt extends WorkAttempt {
  backupId: string;
  destinationId: number;
  prefix: string;
  sweptAt: Date | null;
}
