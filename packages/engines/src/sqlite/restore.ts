import { chmod, link, rename, stat, unlink } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import type { Readable } from 'node:stream';
import { HoldfastError, type Connection, type RestoreReport, type RestoreRequest } from '@holdfast/shared/domain';
import { feedProgram } from '../process/index.ts';
import { mustEqual } from '../content-differs.ts';
import { inPlaceAlready, refusePart, targetExists } from '../paths/checks.ts';
import { noteBuilt, readNote, removeNote, writeNote } from '../paths/notes.ts';
import { exists, identityOf, placesOf, syncFolderOf, type Places } from '../paths/places.ts';
import type { FileRoots } from '../paths/roots.ts';
import type { Level } from './child/measure.ts';
import type { Report } from './child/contract.ts';
import { isDatabase } from './dump.ts';
import { askSqlite, library, restoring, startSqlite, type SqliteTools } from './program.ts';
import { removeDatabase } from './remove.ts';

type Placed = Pick<RestoreReport, 'outcome' | 'former'>;

/** Builds a database beside the target, checks it, and writes it into the target, or gives it the target's name where nothing is. */
export async function restore(
  tools: SqliteTools & { roots: FileRoots },
  connection: Connection,
  request: RestoreRequest,
  input: Readable,
  signal: AbortSignal,
): Promise<RestoreReport> {
  // The input may fail while nobody reads it yet; whoever reads it next gets the error.
  input.on('error', () => undefined);
  try {
    refusePart(request);
    const target = await tools.roots.targetOf(connection, request.target);
    const places = placesOf(target, request.restoreId);
    await refuseTarget(places, request);
    try {
      await removeDatabase(places.build);
      const { content } = await receive(tools.program, places.build, request.expected?.level ?? null, input, signal);
      if (request.expected && content) mustEqual(request.expected, content);
      signal.throwIfAborted();
      const placed =
        request.target.mode === 'new_database'
          ? await putAnew(places)
          : await putInPlace(tools, places, request.keepFormer === true, signal);
      return { tool: library, serverVersion: library.version, database: target, ...placed };
    } finally {
      await removeDatabase(places.build).catch(() => undefined);
    }
  } catch (error) {
    const failure: unknown = signal.aborted ? signal.reason : error;
    input.destroy(failure instanceof Error ? failure : undefined);
    throw failure;
  }
}

async function refuseTarget(places: Places, { target: { mode } }: RestoreRequest): Promise<void> {
  const { target, kept } = places;
  const isThere = await exists(target);
  if (isThere && mode === 'new_database') throw targetExists(target);
  if ((await exists(kept)) && (await readNote(places))) throw inPlaceAlready(kept);
  if (isThere) return;
  for (const left of [`${target}-wal`, `${target}-journal`]) {
    if (!(await exists(left))) continue;
    const message = `${left} is left of a database that is gone, and SQLite would take it for a part of the new one: move it away first.`;
    throw new HoldfastError('restore_failed', message);
  }
}

/** Writes a database into a new file and checks it. */
export async function receive(
  program: string,
  path: string,
  level: Level | null,
  input: Readable,
  signal: AbortSignal,
): Promise<Report> {
  const running = startSqlite(program, ['receive', { path, level }], { failing: restoring('The archive'), signal });
  const answer = buffer(running.stdout);
  answer.catch(() => undefined);
  await feedProgram(input, running);
  return JSON.parse((await answer).toString()) as Report;
}

async function putInPlace(
  { program, lockTimeoutMs }: SqliteTools,
  places: Places,
  keeps: boolean,
  signal: AbortSignal,
): Promise<Placed> {
  const { target, build, kept } = places;
  const whole = `The database ${target} holds the content of the backup`;
  if (!(await exists(target))) {
    await rename(build, target);
    await syncFolderOf(target);
    return { outcome: `${whole}.` };
  }
  if (await isDatabase(target)) {
    const placing = { source: build, target, aside: keeps ? kept : null, lockTimeoutMs };
    await askSqlite(program, ['place', placing], {
      failing: { ...restoring(target), broken: 'restore_failed' },
      signal,
    });
  } else {
    await replaceForeign(places, keeps);
  }
  if (!keeps) return { outcome: `${whole}; its former content was replaced.` };
  const { restoreId } = places;
  const built = (await identityOf(target)) ?? '';
  await writeNote(places, { target, restoreId, isNew: false, built, undoneBy: [], pending: null });
  return { outcome: `${whole}; its former content is kept in ${kept}.`, former: kept };
}

/** What is no database can have no users under SQLite's locks. */
async function replaceForeign({ target, build, kept }: Places, keeps: boolean): Promise<void> {
  const { mode } = await stat(target);
  await chmod(build, mode & 0o777);
  if (keeps) await link(target, kept);
  await rename(build, target);
  await syncFolderOf(target);
}

async function putAnew(places: Places): Promise<Placed> {
  const { target, build } = places;
  await noteBuilt(places, true);
  try {
    // Unlike a renaming this fails where somebody has the name.
    await link(build, target);
  } catch (error) {
    await removeNote(places);
    throw (error as NodeJS.ErrnoException).code === 'EEXIST' ? targetExists(target) : error;
  }
  await unlink(build);
  await syncFolderOf(target);
  return { outcome: `The database ${target} was created with the content of the backup.` };
}
