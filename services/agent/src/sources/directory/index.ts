import { mkdir, realpath } from 'node:fs/promises';
import { release, type } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { HoldfastError, type RestoreReport, type RestoreRequest } from '@holdfast/shared/domain';
import type { Logger } from '@holdfast/shared/observability';
import type { DirectorySettings } from '../../config.ts';
import { archiver } from '../../version.ts';
import type { Source } from '../source.ts';
import { archiveOf } from './archive.ts';
import { extract } from './extract.ts';
import { removeTree } from './remove-tree.ts';
import { cleanUp, placesOf, putAnew, putInPlace } from './swap.ts';

/** Warnings beyond so many are counted only. */
const loggedWarnings = 100;

/** A directory of this machine. */
export function directorySource({ path, ignore }: DirectorySettings, logger: Logger): Source {
  return {
    type: 'files',
    dump: async ({ signal }) => ({
      stream: Readable.from(archiveOf(path, { ignore, warn: warner(logger) }), { objectMode: false, signal }),
      fileName: 'archive.tar',
      format: 'tar',
      tool: archiver,
      serverVersion: `${type()} ${release()}`,
      estimatedBytes: null,
    }),
    restore: (request, input, { signal }) => restore(path, request, input, signal),
    cleanUpRestore: async (restoreId) => cleanUp(placesOf(await behindLinks(path), restoreId)),
  };
}

function warner(logger: Logger): (message: string) => void {
  let count = 0;
  return (message) => {
    count += 1;
    if (count <= loggedWarnings) logger.warn(message);
    if (count === loggedWarnings) logger.warn('there may be more warnings, which are not logged');
  };
}

/** Unpacks beside the directory and swaps the two when all of it is there. */
async function restore(
  path: string,
  { target, ownership, restoreId }: RestoreRequest,
  input: Readable,
  signal: AbortSignal,
): Promise<RestoreReport> {
  const inPlace = await behindLinks(path);
  const places = placesOf(target.mode === 'in_place' ? inPlace : sibling(inPlace, target.database), restoreId);
  const build = async (): Promise<void> => {
    await mkdir(places.build, 0o700);
    await extract(input, places.build, { owners: ownership === 'keep' && process.getuid?.() === 0, signal });
    signal.throwIfAborted();
  };
  try {
    if (target.mode === 'new_database') return report(places.target, await putAnew(places, build));
    await build();
    return report(places.target, await putInPlace(places));
  } catch (error) {
    // The input is left to whoever gave it: broken without a reason, its decoders would say that the archive is damaged.
    await removeTree(places.build).catch(() => undefined);
    throw signal.aborted ? signal.reason : asFailure(error, places.target);
  }
}

const report = (database: string, outcome: string): RestoreReport => ({
  tool: archiver,
  serverVersion: `${type()} ${release()}`,
  database,
  outcome,
});

/** A directory that does not exist may be restored; one that is reached by a link is swapped behind the link. */
async function behindLinks(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return path;
    throw error;
  }
}

function sibling(path: string, name: string): string {
  if (/^\.{0,2}$|[/\0]/.test(name)) {
    throw new HoldfastError(
      'configuration',
      `${JSON.stringify(name)} cannot be the name of a directory beside ${path}.`,
    );
  }
  return join(dirname(path), name);
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
