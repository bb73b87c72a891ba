import { stat } from 'node:fs/promises';
import { release } from 'node:os';
import { Readable } from 'node:stream';
import {
  archives,
  HoldfastError,
  type Connection,
  type ContentManifest,
  type Dump,
  type DumpOptions,
} from '@holdfast/shared/domain';
import type { FileRoots } from '../paths/roots.ts';
import { archiveOf } from './archive.ts';
import { Measured } from './content.ts';
import { archiver } from './tool.ts';
import { Warnings } from './warnings.ts';

/** A directory as a tar stream. Its warnings and what was measured are whole when the stream has ended. */
export async function dump(
  roots: FileRoots,
  connection: Connection,
  signal: AbortSignal,
  options: DumpOptions,
): Promise<Dump> {
  signal.throwIfAborted();
  const path = await directoryOf(roots, connection);
  const warnings = new Warnings();
  const measured = options.content === null ? null : new Measured(options.content);
  const measuring = Promise.withResolvers<ContentManifest>();
  const bytes = async function* (): AsyncGenerator<Buffer> {
    const archive = archiveOf(path, { ignore: connection.options.ignore ?? [], warn: warnings.add, roots, measured });
    try {
      yield* archive;
    } finally {
      if (measured) measuring.resolve(measured.manifest());
    }
  };
  const stream = Readable.from(bytes(), { objectMode: false });
  const abort = (): unknown => stream.destroy(signal.reason as Error);
  signal.addEventListener('abort', abort, { once: true });
  stream.once('close', () => signal.removeEventListener('abort', abort));
  return {
    stream,
    ...archives.files,
    tool: archiver,
    serverVersion: release(),
    estimatedBytes: null,
    warnings: warnings.sentences,
    ...(measured && { content: measuring.promise }),
  };
}

/** Where the directory of a connection is, behind all links. @throws HoldfastError database_missing, configuration, path_outside_root */
export async function directoryOf(roots: FileRoots, { database }: Pick<Connection, 'database'>): Promise<string> {
  const path = await roots.locate(database);
  const stats = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EACCES') throw new HoldfastError('privilege_missing', `${path} may not be looked at.`);
    throw new HoldfastError('database_missing', `There is no directory ${path}: ${error.code ?? error.message}.`);
  });
  if (!stats.isDirectory()) throw new HoldfastError('configuration', `${path} is not a directory.`);
  return path;
}
