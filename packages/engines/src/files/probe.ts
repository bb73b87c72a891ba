import { lstat, readdir } from 'node:fs/promises';
import { release } from 'node:os';
import { join } from 'node:path';
import type { Connection, ProbeReport } from '@holdfast/shared/domain';
import type { FileRoots } from '../paths/roots.ts';
import { directoryOf } from './dump.ts';
import { ignoreRules, isIgnored } from './ignore.ts';
import { archiver } from './tool.ts';

const shown = 20;

/** Walks the directory as a dump would; its tables are the files. */
export async function probe(roots: FileRoots, connection: Connection, signal: AbortSignal): Promise<ProbeReport> {
  const top = await directoryOf(roots, connection);
  const rules = ignoreRules(connection.options.ignore ?? []);
  const found = { sizeBytes: 0, tables: 0, missingPrivileges: [] as string[] };
  const visit = async (path: string): Promise<void> => {
    signal.throwIfAborted();
    const entries = await readdir(join(top, path), { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'EACCES' && found.missingPrivileges.length < shown) {
        found.missingPrivileges.push(`./${path} may not be read: let the worker's user read it, or ignore it.`);
      }
      return [];
    });
    for (const entry of entries) {
      const child = path === '' ? entry.name : `${path}/${entry.name}`;
      if (isIgnored(rules, child, entry.isDirectory())) continue;
      if (entry.isDirectory()) await visit(child);
      else if (entry.isFile()) {
        found.tables += 1;
        found.sizeBytes += (await lstat(join(top, child)).catch(() => ({ size: 0 }))).size;
      }
    }
  };
  await visit('');
  return { serverVersion: release(), ...found, tool: archiver };
}
