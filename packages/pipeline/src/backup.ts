import type { Manifest, ManifestFile } from '@holdfast/shared/contracts';
import {
  attemptPrefix,
  type Backup,
  type BackupFile,
  type Clock,
  type Connection,
  type Dump,
  type Engine,
  type EngineContext,
  type FileRole,
  type Ids,
  type ObjectStore,
} from '@holdfast/shared/domain';
import type { Codec } from './codecs/codec.ts';
import { globalsOf } from './globals-of.ts';
import { writeManifest } from './manifest.ts';
import type { Progress } from './progress.ts';
import { beginWithin, type StallLimits } from './stall.ts';
import { storeDump } from './store-dump.ts';

export interface BackupRun {
  /** The claimed row: its `attempt` names the folder. */
  backup: Backup;
  database: Connection;
  engine: Engine;
  store: ObjectStore;
  /** Applied to the engine's bytes in this order. */
  codecs: readonly Codec[];
  ids: Ids;
  clock: Clock;
  limits: StallLimits;
  /** Ends everything below; its reason is then what is thrown. */
  signal: AbortSignal;
  onProgress: (progress: Progress) => void;
}

export interface BackupOutcome {
  manifest: Manifest;
  manifestKey: string;
  files: BackupFile[];
}

/** One stored file, as the row and as the manifest describe it. */
interface Kept {
  row: BackupFile;
  entry: ManifestFile;
}

/**
 * Makes one whole backup: streams the dump, and the server's globals where the database asks for them, into the store,
 * checks what the store then holds, and writes the manifest last. Nothing touches a disk and memory is bounded whatever
 * the database's size. What a failure leaves in the attempt's folder is for `discardAttempt`.
 * @throws whatever failed first, on either side of the stream
 */
export async function runBackup(run: BackupRun): Promise<BackupOutcome> {
  const { backup, database, engine, signal } = run;
  const startedAt = run.clock.now().toISOString();
  const globals = database.options.globals ? globalsOf(engine) : null;
  const dump = await begin(run, (context) => engine.dump(database, context));
  const { estimatedBytes } = dump;
  let before = 0;
  const onBytes = (soFar: number): void => run.onProgress({ progressBytes: before + soFar, estimatedBytes });
  onBytes(0);

  const kept = [await keep(run, 'dump', dump, onBytes)];
  if (globals) {
    before = kept[0]?.row.plainSize ?? 0;
    kept.push(await keep(run, 'globals', await begin(run, (context) => globals.dump(database, context)), onBytes));
  }
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
    startedAt,
    completedAt: run.clock.now().toISOString(),
    files: kept.map(({ entry }) => entry),
  };
  signal.throwIfAborted();
  const prefix = attemptPrefix(backup, backup.attempt);
  const manifestKey = await writeManifest(run.store, prefix, manifest, signal);
  return { manifest, manifestKey, files: kept.map(({ row }) => row) };
}

/** What the engine asks its server before the first byte has no longer than that byte has. */
function begin({ limits, signal }: BackupRun, dump: (context: EngineContext) => Promise<Dump>): Promise<Dump> {
  const server = { seconds: limits.dumpSeconds, stoodStill: 'the database server did not let a dump begin' };
  return beginWithin(server, signal, (either) => dump({ signal: either }));
}

async function keep(
  { backup, codecs, store, ids, signal, limits }: BackupRun,
  role: FileRole,
  { stream, fileName, format }: Dump,
  onBytes: (plainSoFar: number) => void,
): Promise<Kept> {
  const name = fileName + codecs.map((codec) => codec.extension).join('');
  const key = attemptPrefix(backup, backup.attempt) + name;
  const { plain, stored } = await storeDump(stream, { store, key, codecs, signal, limits, onBytes });
  const common = { id: ids.uuid(), role, name, key };
  return {
    row: {
      ...common,
      backupId: backup.id,
      size: stored.size,
      plainSize: plain.size,
      checksum: `sha256:${stored.digest}`,
      plainSha256: plain.digest,
    },
    entry: {
      ...common,
      format,
      codecs: codecs.map((codec) => codec.name),
      plain: { size: plain.size, sha256: plain.digest },
      stored: { size: stored.size, sha256: stored.digest },
    },
  };
}
