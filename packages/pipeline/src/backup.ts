import type { Manifest } from '@holdfast/shared/contracts';
import {
  attemptPrefix,
  type Backup,
  type BackupFile,
  type Clock,
  type Connection,
  type Engine,
  type Ids,
  type ObjectStore,
} from '@holdfast/shared/domain';
import type { Codec } from './codecs/codec.ts';
import { writeManifest } from './manifest.ts';
import type { Progress } from './progress.ts';
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
  /** Ends everything below; its reason is then what is thrown. */
  signal: AbortSignal;
  onProgress: (progress: Progress) => void;
}

export interface BackupOutcome {
  manifest: Manifest;
  manifestKey: string;
  files: BackupFile[];
}

/**
 * Makes one whole backup: streams the dump into the store, checks what the store then holds, and writes the manifest
 * last. Nothing touches a disk and memory is bounded whatever the database's size. What a failure leaves in the attempt's
 * folder is for `discardAttempt`.
 * @throws whatever failed first, on either side of the stream
 */
export async function runBackup(run: BackupRun): Promise<BackupOutcome> {
  const { backup, codecs, store, signal } = run;
  const startedAt = run.clock.now().toISOString();
  const prefix = attemptPrefix(backup, backup.attempt);
  const dump = await run.engine.dump(run.database, { signal });
  const name = dump.fileName + codecs.map((codec) => codec.extension).join('');
  const { estimatedBytes } = dump;
  run.onProgress({ progressBytes: 0, estimatedBytes });

  const { plain, stored } = await storeDump(dump.stream, {
    store,
    key: prefix + name,
    codecs,
    signal,
    onBytes: (progressBytes) => run.onProgress({ progressBytes, estimatedBytes }),
  });

  const file: BackupFile = {
    id: run.ids.uuid(),
    backupId: backup.id,
    role: 'dump',
    name,
    key: prefix + name,
    size: stored.size,
    plainSize: plain.size,
    checksum: `sha256:${stored.digest}`,
    plainSha256: plain.digest,
  };
  const manifest: Manifest = {
    version: 1,
    backupId: backup.id,
    databaseId: backup.databaseId,
    attempt: backup.attempt,
    name: backup.name,
    engine: run.engine.type,
    database: run.database.database,
    serverVersion: dump.serverVersion,
    tool: dump.tool,
    startedAt,
    completedAt: run.clock.now().toISOString(),
    files: [
      {
        id: file.id,
        role: file.role,
        name,
        key: file.key,
        format: dump.format,
        codecs: codecs.map((codec) => codec.name),
        plain: { size: plain.size, sha256: plain.digest },
        stored: { size: stored.size, sha256: stored.digest },
      },
    ],
  };
  signal.throwIfAborted();
  const manifestKey = await writeManifest(store, prefix, manifest, signal);
  return { manifest, manifestKey, files: [file] };
}
