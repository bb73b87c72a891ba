import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Manifest, ManifestFile } from '@holdfast/shared/contracts';
import {
  HoldfastError,
  type Connection,
  type Engine,
  type EngineContext,
  type ObjectStore,
  type Restore,
} from '@holdfast/shared/domain';
import { FirstCause } from './first-cause.ts';
import { globalsOf } from './globals-of.ts';
import { readManifest } from './manifest.ts';
import type { Progress } from './progress.ts';
import { readingStreams } from './read-file.ts';
import { selectFiles } from './select-files.ts';
import { StallGuard, Watchdog, type StallLimits } from './stall.ts';
import { verifyFile } from './verify.ts';

export interface RestoreRun {
  restore: Restore;
  manifestKey: string;
  /** The server to restore to, and the database there when the restore is in place. */
  database: Connection;
  engine: Engine;
  store: ObjectStore;
  /** Files of the backup to restore; null for all. */
  fileIds: readonly string[] | null;
  limits: StallLimits;
  /** Ends everything below; its reason is then what is thrown. */
  signal: AbortSignal;
  onProgress: (progress: Progress) => void;
}

export interface RestoreOutcome {
  /** What the server and the target hold now, in sentences. */
  outcome: string;
}

/** How long the engine may take to end after it was told to: it may be past the point from which it goes on to the end. */
const patienceMs = 90_000;

/** Gives one file's content to the engine. */
type Restoring = (input: Readable, context: EngineContext) => Promise<RestoreOutcome>;

/**
 * Streams the chosen files of one backup back into its engine: first the server's globals, so that the owners exist, then
 * the dump. The engine's input ends only when every byte, stored and plain, was the one that the manifest promises; before
 * that it is destroyed, so the engine never finishes on damaged content.
 * @throws whatever failed first: HoldfastError integrity, object_missing, or what the engine or the store says
 */
export async function runRestore(run: RestoreRun): Promise<RestoreOutcome> {
  const { engine, store, database, signal } = run;
  const manifest = await readManifest(store, run.manifestKey, signal);
  checkBelongs(manifest, run);
  const selected = selectFiles(manifest, run.fileIds, engine);
  const sizes = [selected.globals, selected.dump].map((file) => (file ? (file.plain?.size ?? null) : 0));
  const estimatedBytes = sizes.reduce((sum, size) => (sum === null || size === null ? null : sum + size), 0);
  let before = 0;
  const onBytes = (soFar: number): void => run.onProgress({ progressBytes: before + soFar, estimatedBytes });
  onBytes(0);

  const done: string[] = [];
  if (selected.globals) {
    const globals = globalsOf(engine);
    // Roles are not taken back: a dump that turned out damaged after them would leave a changed server behind.
    if (selected.dump) await verifyFile(store, selected.dump, signal);
    const work: Restoring = (input, context) => globals.restore(database, input, context);
    done.push((await restoreFile(run, selected.globals, work, onBytes)).outcome);
    before = selected.globals.plain?.size ?? 0;
  }
  if (selected.dump) {
    const { target, ownership, id: restoreId } = run.restore;
    const work: Restoring = (input, context) =>
      engine.restore(database, { target, ownership, restoreId }, input, context);
    try {
      done.push((await restoreFile(run, selected.dump, work, onBytes)).outcome);
    } catch (error) {
      throw withWhatWasDone(error, done);
    }
  } else done.push(`Database "${database.database}" was not touched.`);
  return { outcome: done.join(' ') };
}

async function restoreFile(
  { store, signal, limits }: RestoreRun,
  file: ManifestFile,
  work: Restoring,
  onBytes: (plainSoFar: number) => void,
): Promise<RestoreOutcome> {
  const first = new FirstCause(patienceMs);
  let report: RestoreOutcome | null = null;
  const program = {
    seconds: limits.restoreSeconds,
    stoodStill: 'the database took no byte of the restore nor finished',
  };
  const watchdog = new Watchdog(program, first.note);
  const fromStore = { seconds: limits.storeSeconds, stoodStill: 'the store gave no byte of the backup' };
  const streams = [
    new StallGuard(fromStore, null),
    ...readingStreams(file, first.note, (soFar) => {
      watchdog.touch();
      onBytes(soFar);
    }),
  ] as const;
  first.watch(streams);
  const input = streams.at(-1) ?? streams[0];
  const read = async (): Promise<void> => {
    const source = await store.get(file.key, { signal: first.signal });
    await pipeline([source, ...streams], { signal: first.signal });
  };
  const write = async (): Promise<RestoreOutcome> => {
    const done = await work(input, { signal: first.signal });
    if (!input.readableEnded) {
      throw new HoldfastError('restore_failed', `The restore ended before it had read the whole of ${file.name}.`);
    }
    report = done;
    return done;
  };
  try {
    return await first.join(signal, () => [write(), read()]);
  } catch (error) {
    // Whoever ended it came too late: the content, proven whole, is in place, and to say anything else would be a lie.
    if (report !== null) return report;
    throw error;
  } finally {
    watchdog.stop();
  }
}

/** Whoever reads why a restore failed must also learn what it had done by then. */
function withWhatWasDone(thrown: unknown, done: readonly string[]): unknown {
  if (done.length === 0 || !(thrown instanceof HoldfastError)) return thrown;
  return new HoldfastError(thrown.code, `${thrown.message} Before that: ${done.join(' ')}`, { cause: thrown });
}

function checkBelongs(manifest: Manifest, { restore, engine, manifestKey }: RestoreRun): void {
  if (manifest.backupId !== restore.backupId) {
    throw new HoldfastError('integrity', `The manifest ${manifestKey} belongs to another backup.`);
  }
  if (manifest.engine !== engine.type) {
    throw new HoldfastError('configuration', 'The backup was made by another kind of database than this one.');
  }
}
