import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TocEntry } from './toc.ts';

/**
 * Writes the list of entries that `pg_restore --use-list` reads, by their ids alone, into a private file.
 * @returns the arguments, and the removal of the file; no arguments without entries
 */
export async function programList(
  entries: readonly TocEntry[] | null,
): Promise<{ args: readonly string[]; dispose: () => Promise<void> }> {
  if (entries === null) return { args: [], dispose: async () => undefined };
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-list-'));
  const file = join(folder, 'list');
  await writeFile(file, entries.map(({ id }) => `${id};\n`).join(''), { mode: 0o600 });
  return { args: [`--use-list=${file}`], dispose: () => rm(folder, { recursive: true, force: true }) };
}
