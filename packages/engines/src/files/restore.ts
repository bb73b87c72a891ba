import { mkdir } from 'node:fs/promises';
import { release } from 'node:os';
import { addAbortSignal, type Readable } from 'node:stream';
import {
  HoldfastError,
  type Connection,
  type ContentManifest,
  type RestoreReport,
  type RestoreRequest,
} from '@holdfast/shared/domain';
import { mustEqual } from '../content-differs.ts';
import { inPlaceAlready, refusePart, targetExists } from '../paths/checks.ts';
import { exists, placesOf } from '../paths/places.ts';
import type { FileRoots } from '../paths/roots.ts';
import { extract } from './extract.ts';
import { removeTree } from './remove-tree.ts';
import { putAnew, putInPlace } from './swap.ts';
import { archiver } from './tool.ts';

/** Measures a directory in the way that `like` was measured. */
export type DirectoryReader = (path: string, like: ContentManifest, signal: AbortSignal) => Promise<ContentManifest>;

/** Unpacks beside the target and gives that its name when all of it is there. */
export async function restore(
  { roots, read }: { roots: FileRoots; read: DirectoryReader },
  connection: Connection,
  request: RestoreRequest,
  input: Readable,
  signal: AbortSignal,
): Promise<RestoreReport> {
  // The input may fail while nobody reads it yet; whoever reads it next gets the error.
  input.on('error', () => undefined);
  try {
    refusePart(request);
    const target = await roots.targetOf(connection, request.target);
    return await restoreTo(target, request, read, input, signal);
  } catch (error) {
    const failure: unknown = signal.aborted ? signal.reason : error;
    input.destroy(failure instanceof Error ? failure : undefined);
    throw failure;
  }
}

async function restoreTo(
  target: string,
  { target: { mode }, ownership, restoreId, expected, keepFormer }: RestoreRequest,
  read: DirectoryReader,
  input: Readable,
  signal: AbortSignal,
): Promise<RestoreReport> {
  const places = placesOf(target, restoreId);
  if (mode === 'new_database' && (await exists(target))) throw targetExists(target);
  if (await exists(places.kept)) throw inPlaceAlready(places.kept);
  addAbortSignal(signal, input);
  try {
    await removeTree(places.build);
    await mkdir(places.build, { mode: 0o700 });
    await extract(input, places.build, { owners: ownership === 'keep' && process.getuid?.() === 0, signal });
    if (expected) mustEqual(expected, await read(places.build, expected, signal));
    signal.throwIfAborted();
    const placed = mode === 'new_database' ? await putAnew(places) : await putInPlace(places, keepFormer === true);
    return { tool: archiver, serverVersion: release(), database: target, ...placed };
  } catch (error) {
    await removeTree(places.build).catch(() => undefined);
    throw asFailure(error, target);
  }
}

function asFailure(error: unknown, target: string): unknown {
  if (!(error instanceof Error) || error instanceof HoldfastError || !('syscall' in error)) return error;
  const hint =
    'code' in error && error.code === 'EBUSY'
      ? ' A mount point cannot be swapped: restore its parent, or a new directory.'
      : '';
  return new HoldfastError('restore_failed', `${target} could not be restored: ${error.message}.${hint}`, {
    cause: error,
  });
}
