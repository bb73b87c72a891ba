import { readFileSync } from 'node:fs';
import { mkdtemp, open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  archives,
  HoldfastError,
  type Connection,
  type ContentManifest,
  type Dump,
  type DumpOptions,
} from '@holdfast/shared/domain';
import type { FileRoots } from '../paths/roots.ts';
import { freeBytes, inMebibytes } from '../paths/space.ts';
import { reportName, type Report } from './child/contract.ts';
import { dumping, library, startSqlite, type SqliteTools } from './program.ts';

/** A database as a copy that was checked before its first byte leaves. Its warnings and content are whole when the stream has ended. */
export async function dump(
  { program, lockTimeoutMs, temporary, roots }: SqliteTools & { roots: FileRoots },
  connection: Connection,
  signal: AbortSignal,
  { content: level, contentSeconds: seconds }: DumpOptions,
): Promise<Dump> {
  signal.throwIfAborted();
  const { path, size } = await fileOf(roots, connection);
  const folder = await copyFolder(temporary, size);
  const warnings: string[] = [];
  const content = Promise.withResolvers<ContentManifest>();
  // Nobody need ask for it when the dump fails.
  content.promise.catch(() => undefined);
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const running = startSqlite(program, ['dump', { path, folder, level, seconds, lockTimeoutMs }], {
      failing: dumping(path),
      signal,
      onSuccess: ({ outputBytes }) => {
        if (outputBytes === 0) return new HoldfastError('dump_failed', `The copy of ${path} ended without a byte.`);
        const report = JSON.parse(readFileSync(join(folder, reportName), 'utf8')) as Report;
        warnings.push(...report.warnings);
        if (report.content) content.resolve(report.content);
        return null;
      },
    });
    void running.ended.then(async ({ error }) => {
      content.reject(error);
      await remove();
    });
    return {
      stream: running.stdout,
      ...archives.sqlite,
      tool: library,
      serverVersion: library.version,
      estimatedBytes: size,
      warnings,
      ...(level !== null && { content: content.promise }),
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** A private folder for the copy. @throws HoldfastError dump_failed where there is no room */
async function copyFolder(temporary: string, size: number): Promise<string> {
  const free = await freeBytes(temporary);
  if (free < size) {
    throw new HoldfastError(
      'dump_failed',
      `The copy takes ${inMebibytes(size)}, and ${temporary} has ${inMebibytes(free)} free: make room there, or let TMPDIR name another folder.`,
    );
  }
  return mkdtemp(join(temporary, 'holdfast-sqlite-'));
}

const magic = 'SQLite format 3\0';

/** Where the file of a connection is, behind all links. @throws HoldfastError database_missing, configuration, path_outside_root */
export async function fileOf(
  roots: FileRoots,
  { database }: Pick<Connection, 'database'>,
): Promise<{ path: string; size: number }> {
  const path = await roots.locate(database);
  const unreadable = (error: NodeJS.ErrnoException): never => {
    const isForbidden = error.code === 'EACCES' || error.code === 'EPERM';
    if (isForbidden) throw new HoldfastError('privilege_missing', `${path} may not be read.`);
    throw new HoldfastError('database_missing', `There is no file ${path}: ${error.code ?? error.message}.`);
  };
  const stats = await stat(path).catch(unreadable);
  if (!stats.isFile()) throw new HoldfastError('configuration', `${path} is not a file.`);
  const size = stats.size + (await stat(`${path}-wal`).catch(() => ({ size: 0 }))).size;
  if (!(await isDatabase(path).catch(unreadable))) {
    throw new HoldfastError('configuration', `${path} is not an SQLite database, or an encrypted one.`);
  }
  return { path, size };
}

/** Whether it begins as a database does; an empty file is an empty one. */
export async function isDatabase(path: string): Promise<boolean> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(magic.length), 0, magic.length, 0);
    return bytesRead === 0 || buffer.toString('latin1') === magic;
  } finally {
    await file.close();
  }
}
