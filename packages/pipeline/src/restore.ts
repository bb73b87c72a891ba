import type { Readable } from 'node:stream';
import type { Manifest } from '@holdfast/shared/contracts';
import {
  HoldfastError,
  partialInPlace,
  toHoldfastError,
  type Connection,
  type ContentManifest,
  type Engine,
  type EngineContext,
  type Keys,
  type ObjectStore,
  type RestoreReport,
} from '@holdfast/shared/domain';
import { readContentFile } from './content-file.ts';
import { feedEngine } from './feed-engine.ts';
import { globalsOf } from './globals-of.ts';
import { keysFor, mustOpen } from './keys.ts';
import { readManifest } from './manifest.ts';
import type { Progress } from './progress.ts';
import { requestOf, type ContentRestore } from './restore-request.ts';
import { selectFiles, type SelectedFiles } from './select-files.ts';
import type { StallLimits } from './stall.ts';
import { verifyFile } from './verify.ts';

export interface RestoreRun {
  restore: Pick<
    ContentRestore,
    'id' | 'backupId' | 'target' | 'ownership' | 'selection' | 'keepHours' | 'allowDamaged'
  >;
  manifestKey: string;
  /** As the record of the backup has it; absent or null where it has none. */
  manifestSha256?: string | null;
  /** The server to restore to, and the database there when the restore is in place. */
  database: Connection;
  engine: Engine;
  store: ObjectStore;
  /** Its identities open what is encrypted. */
  keys: Keys;
  /** Files of the backup to restore; null for those that `isRestored` tells. */
  fileIds: readonly string[] | null;
  /** Whether what comes of the dump must equal the backup's content manifest, where it has one, before it is put in place. */
  compares: boolean;
  limits: StallLimits;
  /** Ends everything below; its reason is then what is thrown. */
  signal: AbortSignal;
  onProgress: (progress: Progress) => void;
  /**
   * Hears, before the dump begins, what is done already and stays done whatever comes of the rest: sentences for people.
   * @returns whether it is noted where whoever reads of a failure finds it; otherwise the failure says it
   */
  onPart?: (done: string) => Promise<boolean>;
}

/** What the server and the target hold now, in sentences, and where the former content is kept. */
export type RestoreOutcome = Pick<RestoreReport, 'outcome' | 'former'>;

/** Gives one file's content to the engine. */
type Restoring = (input: Readable, context: EngineContext) => Promise<RestoreOutcome>;

/**
 * Streams the chosen files of one backup back into its engine: first the server's globals, so that the owners exist, then
 * the dump. The engine's input ends only when every byte, stored and plain, was the one that the manifest promises; before
 * that it is destroyed, so the engine never finishes on damaged content.
 * @throws whatever failed first: HoldfastError integrity, object_missing, key_missing before anything is touched, or what the engine or the store says
 */
export async function runRestore(run: RestoreRun): Promise<RestoreOutcome> {
  const { engine, store, database, limits, signal } = run;
  const manifest = await readManifest(store, run.manifestKey, signal, run.manifestSha256);
  checkBelongs(manifest, run);
  const selected = selectFiles(manifest, { ...run.restore, fileIds: run.fileIds }, engine);
  if (selected.dump && manifest.part && run.restore.target.mode === 'in_place') {
    throw new HoldfastError('configuration', partialInPlace(manifest.part));
  }
  const keys = keysFor(manifest, run.keys);
  const files = [selected.globals, selected.dump].filter((file) => file !== null);
  await mustOpen(store, files, keys, signal);
  const { expected, uncompared } = await contentOf(manifest, run, selected, keys);
  const feeding = { store, keys, limits, signal };
  const sizes = [selected.globals, selected.dump].map((file) => (file ? (file.plain?.size ?? null) : 0));
  const estimatedBytes = sizes.reduce((sum, size) => (sum === null || size === null ? null : sum + size), 0);
  let before = 0;
  const onBytes = (soFar: number): void => run.onProgress({ progressBytes: before + soFar, estimatedBytes });
  onBytes(0);

  const done: string[] = [];
  if (selected.globals) {
    const globals = globalsOf(engine);
    // Roles are not taken back: a dump that turned out damaged after them would leave a changed server behind.
    if (selected.dump) await verifyFile(store, selected.dump, keys, signal);
    const work: Restoring = (input, context) => globals.restore(database, input, context);
    done.push((await feedEngine(feeding, selected.globals, work, onBytes)).outcome);
    before = selected.globals.plain?.size ?? 0;
  }
  if (!selected.dump) return { outcome: [...done, `Database "${database.database}" was not touched.`].join(' ') };
  const request = { ...requestOf(run.restore), part: manifest.part ?? null, expected };
  const work: Restoring = (input, context) => engine.restore(database, request, input, context);
  const isNoted = done.length > 0 && (await run.onPart?.(done.join(' '))) === true;
  try {
    const { outcome, former } = await feedEngine(feeding, selected.dump, work, onBytes);
    return { outcome: [...done, outcome, ...uncompared].join(' '), ...(former !== undefined && { former }) };
  } catch (error) {
    throw isNoted ? error : withWhatWasDone(error, done);
  }
}

/** What the dump's content must equal; where somebody insists on a damaged backup the sentence why nothing is compared. */
async function contentOf(
  manifest: Manifest,
  { store, signal, compares, restore }: RestoreRun,
  { dump }: SelectedFiles,
  keys: Keys,
): Promise<{ expected: ContentManifest | null; uncompared: string[] }> {
  if (!compares || !dump) return { expected: null, uncompared: [] };
  try {
    return { expected: await readContentFile(store, manifest, keys, signal), uncompared: [] };
  } catch (error) {
    const isDamage = error instanceof HoldfastError && (error.code === 'integrity' || error.code === 'object_missing');
    if (!isDamage || !restore.allowDamaged) throw error;
    return { expected: null, uncompared: [`It was not compared with what was backed up: ${error.message}`] };
  }
}

/** Whoever reads why a restore failed must also learn what it had done by then. */
function withWhatWasDone(thrown: unknown, done: readonly string[]): unknown {
  if (done.length === 0) return thrown;
  const { code, message } = toHoldfastError(thrown);
  return new HoldfastError(code, `${message} Before that: ${done.join(' ')}`, { cause: thrown });
}

function checkBelongs(manifest: Manifest, { restore, engine, manifestKey }: RestoreRun): void {
  if (manifest.backupId !== restore.backupId) {
    throw new HoldfastError('integrity', `The manifest ${manifestKey} belongs to another backup.`);
  }
  if (manifest.engine !== engine.type) {
    throw new HoldfastError('configuration', 'The backup was made by another kind of database than this one.');
  }
}
