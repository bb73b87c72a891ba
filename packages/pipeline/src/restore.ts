import { pipeline } from 'node:stream/promises';
import type { Manifest, ManifestFile } from '@holdfast/shared/contracts';
import {
  HoldfastError,
  type Connection,
  type Engine,
  type ObjectStore,
  type Restore,
  type RestoreReport,
} from '@holdfast/shared/domain';
import { FirstCause } from './first-cause.ts';
import { readManifest } from './manifest.ts';
import type { Progress } from './progress.ts';
import { readingStreams } from './read-file.ts';

export interface RestoreRun {
  restore: Restore;
  manifestKey: string;
  /** The server to restore to, and the database there when the restore is in place. */
  database: Connection;
  engine: Engine;
  store: ObjectStore;
  /** Files of the backup to restore; null for all. */
  fileIds: readonly string[] | null;
  /** Ends everything below; its reason is then what is thrown. */
  signal: AbortSignal;
  onProgress: (progress: Progress) => void;
}

/**
 * Streams one backup back into its engine. The engine's input ends only when every byte, stored and plain, was the one
 * that the manifest promises; before that it is destroyed, so the engine never finishes on damaged content.
 * @throws whatever failed first: HoldfastError integrity, object_missing, or what the engine or the store says
 */
export async function runRestore(run: RestoreRun): Promise<RestoreReport> {
  const { engine, store, signal } = run;
  const manifest = await readManifest(store, run.manifestKey, signal);
  checkBelongs(manifest, run);
  const file = selectDump(manifest, run.fileIds);
  const estimatedBytes = file.plain?.size ?? null;
  const onBytes = (progressBytes: number): void => run.onProgress({ progressBytes, estimatedBytes });
  onBytes(0);

  const first = new FirstCause();
  const streams = readingStreams(file, first.note, onBytes);
  first.watch(streams);
  const input = streams.at(-1) ?? streams[0];
  const { target, ownership, id: restoreId } = run.restore;

  const read = async (): Promise<void> => {
    const source = await store.get(file.key, { signal: first.signal });
    await pipeline([source, ...streams], { signal: first.signal });
  };
  const write = async (): Promise<RestoreReport> => {
    const report = await engine.restore(run.database, { target, ownership, restoreId }, input, {
      signal: first.signal,
    });
    if (!input.readableEnded) {
      throw new HoldfastError('restore_failed', 'The restore program ended before it had read the whole archive.');
    }
    return report;
  };
  return first.join(signal, () => [write(), read()]);
}

function checkBelongs(manifest: Manifest, { restore, engine, manifestKey }: RestoreRun): void {
  if (manifest.backupId !== restore.backupId) {
    throw new HoldfastError('integrity', `The manifest ${manifestKey} belongs to another backup.`);
  }
  if (manifest.engine !== engine.type) {
    throw new HoldfastError('configuration', 'The backup was made by another kind of database than this one.');
  }
}

function selectDump(manifest: Manifest, fileIds: readonly string[] | null): ManifestFile {
  const unknown = fileIds?.find((id) => !manifest.files.some((file) => file.id === id));
  if (unknown !== undefined) throw new HoldfastError('object_missing', `The backup has no file ${unknown}.`);
  const chosen = manifest.files.filter((file) => file.role === 'dump' && (fileIds?.includes(file.id) ?? true));
  const [file, ...others] = chosen;
  if (!file || others.length > 0) {
    throw new HoldfastError('configuration', `A restore takes exactly one dump of a backup, not ${chosen.length}.`);
  }
  return file;
}
