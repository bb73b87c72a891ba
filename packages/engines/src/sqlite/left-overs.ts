import { readdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { readNote } from '../paths/notes.ts';
import { exists, identityOf, leftTargets, placesOf, type Places } from '../paths/places.ts';
import type { Exchange } from '../paths/undo.ts';
import type { Look } from './child/contract.ts';
import { isDatabase } from './dump.ts';
import { askSqlite, restoring, type SqliteTools } from './program.ts';
import { removeDatabase, renameDatabase } from './remove.ts';

/** Removes what a restore that ended anyhow has left in the folder of that path; see `cleanUpOne` for what it put aside. */
export async function cleanUp(tools: SqliteTools, path: string, restoreId: string, signal: AbortSignal): Promise<void> {
  const folder = dirname(path);
  const names = await readdir(folder).catch(() => []);
  const bare = names.map((name) => name.replace(/(\.draft)?(-journal|-wal|-shm)?$/, ''));
  for (const target of leftTargets(folder, bare, restoreId))
    await cleanUpOne(tools, placesOf(target, restoreId), signal);
}

/**
 * What was put aside goes only when it is sure that the target still holds the same. A restore that was killed so late that it
 * may have written the target leaves it: it may be all that there is of the former content.
 */
async function cleanUpOne(tools: SqliteTools, places: Places, signal: AbortSignal): Promise<void> {
  const { target, build, kept } = places;
  await removeDatabase(build);
  if (await readNote(places)) return;
  if ((await exists(kept)) && (await holdSame(tools, target, kept, signal))) await removeDatabase(kept);
  else await removeDatabase(`${kept}.draft`);
}

/** Each restore changes the schema version of what it writes to. */
async function holdSame(
  { program, lockTimeoutMs }: SqliteTools,
  target: string,
  kept: string,
  signal: AbortSignal,
): Promise<boolean> {
  const look = async (path: string): Promise<number | null> => {
    if (!(await exists(path)) || !(await isDatabase(path))) return null;
    const options = { failing: restoring(path), signal };
    return (await askSqlite<'look', Look>(program, ['look', { path, lockTimeoutMs }], options)).schemaVersion;
  };
  const version = await look(target);
  return version !== null && version === (await look(kept));
}

/**
 * Swaps what is kept and what the target holds. Killed after the target was written and called again it writes the same once
 * more: what others wrote in between is lost then, and nothing else.
 */
export const exchangeBy =
  ({ program, lockTimeoutMs }: SqliteTools, signal: AbortSignal): Exchange =>
  async ({ target, kept, undone }, incoming) => {
    if ((await identityOf(kept)) === incoming) {
      if ((await exists(target)) && (await isDatabase(target)) && (await isDatabase(kept))) {
        const placing = { source: kept, target, aside: undone, lockTimeoutMs };
        await askSqlite(program, ['place', placing], {
          failing: { ...restoring(target), broken: 'restore_failed' },
          signal,
        });
      } else {
        // What is no database cannot be written into one, and has no users under SQLite's locks.
        if (await exists(target)) await renameDatabase(target, undone);
        await renameDatabase(kept, target);
      }
    }
    if (await exists(undone)) await renameDatabase(undone, kept);
  };
