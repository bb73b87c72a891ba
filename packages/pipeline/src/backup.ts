import type { Manifest, ManifestFile } from '@holdfast/shared/contracts';
import {
  attemptPrefix,
  retentionFrom,
  type Backup,
  type BackupFile,
  type Clock,
  type Connection,
  type Dump,
  type DumpOptions,
  type Engine,
  type EngineContext,
  type FileRole,
  type Ids,
  type Keys,
  type LockTerms,
  type ObjectStore,
} from '@holdfast/shared/domain';
import { age } from './codecs/age.ts';
import type { Codec } from './codecs/codec.ts';
import { contentFile } from './content-file.ts';
import { globalsOf } from './globals-of.ts';
import { lineageOf, writeManifest } from './manifest.ts';
import type { Progress } from './progress.ts';
import { beginWithin, type StallLimits } from './stall.ts';
import { storeDump } from './store-dump.ts';

export interface BackupRun {
  /** The claimed row: its `attempt` names the folder. */
  backup: Backup;
  database: Connection;
  engine: Engine;
  store: ObjectStore;
  /** Applied to the engine's bytes in this order; encryption comes after them. */
  codecs: readonly Codec[];
  /** Where there are recipients everything but the manifest is encrypted to them. */
  keys: Keys;
  ids: Ids;
  clock: Clock;
  limits: StallLimits;
  /** What is measured of the content beside the dump; absent: nothing. */
  content?: DumpOptions;
  /** Absent or null where nothing is locked. */
  lock?: LockTerms | null;
  /** Ends everything below; its reason is then what is thrown. */
  signal: AbortSignal;
  onProgress: (progress: Progress) => void;
}

export interface BackupOutcome {
  manifest: Manifest;
  manifestKey: string;
  /** Of the manifest's whole text. */
  manifestSha256: string;
  files: BackupFile[];
  /** When the last of its objects can be removed at the earliest; null where none is locked. */
  objectLockedUntil: Date | null;
}

/** One stored file, as the row and as the manifest describe it. */
interface Kept {
  row: BackupFile;
  entry: ManifestFile;
}

/**
 * Makes one whole backup: streams the dump, and the server's globals where the row or else the database asks for them, into the store,
 * checks what the store then holds, and writes the manifest last. Nothing touches a disk and memory is bounded whatever
 * the database's size. What a failure leaves in the attempt's folder is for `discardAttempt`.
 * @throws whatever failed first, on either side of the stream
 */
export async function runBackup(run: BackupRun): Promise<BackupOutcome> {
  const { backup, database, engine, signal } = run;
  const startedAt = run.clock.now().toISOString();
  const globals = (backup.withGlobals ?? database.options.globals) ? globalsOf(engine) : null;
  const dump = await begin(run, (context) => engine.dump(database, context, run.content));
  const { estimatedBytes } = dump;
  let before = 0;
  const onBytes = (soFar: number): void => run.onProgress({ progressBytes: before + soFar, estimatedBytes });
  onBytes(0);

  const kept = [await keep(run, 'dump', dump, onBytes)];
  if (globals) {
    before = kept[0]?.row.plainSize ?? 0;
    kept.push(await keep(run, 'globals', await begin(run, (context) => globals.dump(database, context)), onBytes));
  }
  if (dump.content) kept.push(await keep(run, 'content', contentFile(await dump.content), () => undefined));
  const warnings = [...(dump.warnings ?? [])];
  if (globals && database.options.globals_passwords && run.keys.recipients.length === 0) warnings.push(openHashes);
  const manifest: Manifest = {
    version: 1,
    backupId: backup.id,
    databaseId: backup.databaseId,
    attempt: backup.attempt,
    name: backup.name,
    engine: engine.type,
    database: database.database,
    serverVersion: dump.serverVersion,
    tool: dump.tool,
    lineage: lineageOf(backup),
    recipients: run.keys.recipients.length > 0 ? [...run.keys.recipients] : null,
    startedAt,
    completedAt: run.clock.now().toISOString(),
    ...(warnings.length > 0 ? { warnings } : {}),
    ...(dump.part && { part: dump.part }),
    files: kept.map(({ entry }) => entry),
  };
  signal.throwIfAborted();
  const prefix = attemptPrefix(backup, backup.attempt);
  // The newest object of all, so that what locks it outlasts the other locks.
  const retention = retentionFrom(run.clock.now(), run.lock ?? null) ?? undefined;
  const written = await writeManifest(run.store, prefix, manifest, { signal, retention });
  const { key: manifestKey, sha256: manifestSha256 } = written;
  const files = kept.map(({ row }) => row);
  return { manifest, manifestKey, manifestSha256, files, objectLockedUntil: retention?.until ?? null };
}

const openHashes =
  'The globals hold the hashes of the roles’ passwords and are not encrypted: whoever reads the destination can try passwords against them. Set recipients, or globals_passwords to false.';

/** What the engine asks its server before the first byte has no longer than that byte has. */
function begin({ limits, signal }: BackupRun, dump: (context: EngineContext) => Promise<Dump>): Promise<Dump> {
  const server = { seconds: limits.dumpSeconds, stoodStill: 'the database server did not let a dump begin' };
  return beginWithin(server, signal, (either) => dump({ signal: either }));
}

async function keep(
  { backup, keys, store, ids, signal, limits, ...run }: BackupRun,
  role: FileRole,
  { stream, fileName, format }: Pick<Dump, 'stream' | 'fileName' | 'format'>,
  onBytes: (plainSoFar: number) => void,
): Promise<Kept> {
  const codecs = keys.recipients.length > 0 ? [...run.codecs, age(keys)] : run.codecs;
  const name = fileName + codecs.map((codec) => codec.extension).join('');
  const key = attemptPrefix(backup, backup.attempt) + name;
  const { plain, unencrypted, stored } = await storeDump(stream, {
    store,
    key,
    codecs,
    signal,
    limits,
    onBytes,
    retention: retentionFrom(run.clock.now(), run.lock ?? null) ?? undefined,
  });
  const common = { id: ids.uuid(), role, name, key };
  return {
    row: {
      ...common,
      backupId: backup.id,
      size: stored.size,
      plainSize: plain.size,
      checksum: `sha256:${stored.digest}`,
      unencryptedSize: unencrypted?.size ?? null,
      unencryptedSha256: unencrypted?.digest ?? null,
      plainSha256: plain.digest,
    },
    entry: {
      ...common,
      format,
      codecs: codecs.map((codec) => codec.name),
      plain: { size: plain.size, sha256: plain.digest },
      unencrypted: unencrypted && { size: unencrypted.size, sha256: unencrypted.digest },
      stored: { size: stored.size, sha256: stored.digest },
    },
  };
}
