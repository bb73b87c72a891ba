import type { Readable } from 'node:stream';
import { addAbortSignal } from 'node:stream';
import { archives, HoldfastError, type Connection, type ContentManifest, type Engine } from '@holdfast/shared/domain';
import { dropRestored, findRestored } from '../paths/finished.ts';
import { FileRoots } from '../paths/roots.ts';
import { dropFormer, finishUndo, undo } from '../paths/undo.ts';
import { archiveOf } from './archive.ts';
import { algorithm, Measured } from './content.ts';
import { directoryOf, dump } from './dump.ts';
import { entriesOf } from './entries.ts';
import { preflight } from './preflight.ts';
import { probe } from './probe.ts';
import { restore } from './restore.ts';
import { removeTree } from './remove-tree.ts';
import { cleanUp, exchange } from './swap.ts';

/** Directories, of a volume that a worker has or of a remote server, as tar. Needs no program. */
export function filesEngine(fileRoots: readonly string[]): Engine {
  const roots = new FileRoots(fileRoots);
  const located = ({ database }: Connection): Promise<string> => roots.locate(database);
  return {
    type: 'files',
    format: archives.files.format,
    probe: (connection, { signal }) => probe(roots, connection, signal),
    dump: (connection, { signal }, options = { content: null, contentSeconds: 0 }) =>
      dump(roots, connection, signal, options),
    checkReadable: (input, { signal }) => checkReadable(input, signal),
    readContent: async (connection, like, { signal }) => read(await directoryOf(roots, connection), like, signal),
    preflight: (connection, request, subject) => preflight(roots, connection, request, subject),
    restore: (connection, request, input, { signal }) => restore({ roots, read }, connection, request, input, signal),
    undoRestore: async (connection, restoreId, undoId) => undo(await located(connection), restoreId, undoId, exchange),
    dropFormer: async (connection, restoreId) => dropFormer(await located(connection), restoreId, exchange, removeTree),
    dropRestored: async (connection, request) => {
      if (request.target.mode === 'new_database') {
        await dropRestored(await roots.targetOf(connection, request.target), request, removeTree);
      }
    },
    findRestored: async (connection, request) =>
      findRestored(await roots.targetOf(connection, request.target), request),
    cleanUpRestore: async (connection, restoreId) => {
      const path = await located(connection);
      await finishUndo(path, restoreId, exchange);
      await cleanUp(path, restoreId);
    },
  };
}

/** Reads a tar stream to its end. @throws HoldfastError integrity */
async function checkReadable(input: Readable, signal: AbortSignal): Promise<void> {
  addAbortSignal(signal, input);
  try {
    for await (const { content } of entriesOf(input)) for await (const piece of content) void piece;
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  }
}

/** Archives the directory to nowhere: what is ignored was not restored either. */
async function read(path: string, like: ContentManifest, signal: AbortSignal): Promise<ContentManifest> {
  if (like.algorithm !== algorithm) {
    throw new HoldfastError('configuration', `Content measured as "${like.algorithm}" cannot be measured here.`);
  }
  const measured = new Measured(like.level);
  for await (const piece of archiveOf(path, { ignore: [], warn: () => undefined, measured })) {
    signal.throwIfAborted();
    void piece;
  }
  return measured.manifest();
}
