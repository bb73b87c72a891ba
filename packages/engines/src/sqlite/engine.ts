import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { archives, HoldfastError, type Connection, type ContentManifest, type Engine } from '@holdfast/shared/domain';
import { dropRestored, findRestored } from '../paths/finished.ts';
import { FileRoots } from '../paths/roots.ts';
import { dropFormer, finishUndo, undo } from '../paths/undo.ts';
import type { Look } from './child/contract.ts';
import { algorithm } from './child/measure.ts';
import { dump, fileOf } from './dump.ts';
import { cleanUp, exchangeBy } from './left-overs.ts';
import { preflight } from './preflight.ts';
import { askSqlite, dumping, library, ownProgram } from './program.ts';
import { removeDatabase } from './remove.ts';
import { receive, restore } from './restore.ts';

/** Long enough: nobody waits for a measuring but a verification, which has its own limits. */
const unlimitedSeconds = 1_000_000;

/** SQLite databases, of a volume that a worker has or of a remote server, by the library that is built into Node. */
export function sqliteEngine(
  fileRoots: readonly string[],
  lockTimeoutMs: number,
  program = ownProgram,
  temporary = tmpdir(),
): Engine {
  const roots = new FileRoots(fileRoots);
  const tools = { program, lockTimeoutMs, temporary, roots };
  const located = ({ database }: Connection): Promise<string> => roots.locate(database);
  return {
    type: 'sqlite',
    format: archives.sqlite.format,
    probe: async (connection, { signal }) => {
      const { path } = await fileOf(roots, connection);
      const look = ['look', { path, lockTimeoutMs }] as const;
      const { tables, sizeBytes } = await askSqlite<'look', Look>(program, look, { failing: dumping(path), signal });
      return { serverVersion: library.version, sizeBytes, tables, missingPrivileges: [], tool: library };
    },
    dump: (connection, { signal }, options = { content: null, contentSeconds: 0 }) =>
      dump(tools, connection, signal, options),
    checkReadable: async (input, { signal }) => {
      const folder = await mkdtemp(join(temporary, 'holdfast-sqlite-'));
      try {
        await receive(program, join(folder, 'copy.sqlite'), null, input, signal);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
    readContent: async (connection, like, { signal }) => {
      if (like.algorithm !== algorithm) {
        throw new HoldfastError('configuration', `Content measured as "${like.algorithm}" cannot be measured here.`);
      }
      const { path } = await fileOf(roots, connection);
      const measuring = { path, level: like.level, seconds: unlimitedSeconds, lockTimeoutMs };
      return askSqlite<'measure', ContentManifest>(program, ['measure', measuring], { failing: dumping(path), signal });
    },
    preflight: (connection, request, subject) => preflight(roots, connection, request, subject),
    restore: (connection, request, input, { signal }) => restore(tools, connection, request, input, signal),
    undoRestore: async (connection, restoreId, undoId, { signal }) =>
      undo(await located(connection), restoreId, undoId, exchangeBy(tools, signal)),
    dropFormer: async (connection, restoreId, { signal }) =>
      dropFormer(await located(connection), restoreId, exchangeBy(tools, signal), removeDatabase),
    dropRestored: async (connection, request) => {
      if (request.target.mode === 'new_database') {
        await dropRestored(await roots.targetOf(connection, request.target), request, removeDatabase);
      }
    },
    findRestored: async (connection, request) =>
      findRestored(await roots.targetOf(connection, request.target), request),
    cleanUpRestore: async (connection, restoreId, { signal }) => {
      const path = await located(connection);
      await finishUndo(path, restoreId, exchangeBy(tools, signal));
      await cleanUp(tools, path, restoreId, signal);
    },
  };
}
