import { once } from 'node:events';
import { open, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { CliError, exits, usageError } from '../exits.ts';
import { isWriteProblem, writeProblem } from '../output/write-problem.ts';
import { read, type Source, type Watching, type Whole, type Write } from './read.ts';

export type { Source } from './read.ts';

/**
 * Brings an archive into a file, which stands there whole or not at all.
 * @param path of the file or of a folder for it; null: this folder
 * @throws CliError usage, before anything is fetched where it can be known: no such folder, or such a file is there
 */
export async function downloadTo(
  source: Source,
  { path, force }: { path: string | null; force: boolean },
  watching: Watching,
): Promise<Whole & { path: string }> {
  const half: { file?: FileHandle; path?: string } = {};
  const place = await placeOf(path);
  let target = path ?? '.';
  if (place.file !== null) await refuseOver(target, force);
  try {
    const whole = await read(
      source,
      async (name) => {
        target = join(place.folder, place.file ?? ownName(name));
        await refuseOver(target, force);
        half.path = join(dirname(target), `.${basename(target)}.${process.pid}.part`);
        const file = await open(half.path, 'wx', 0o600);
        half.file = file;
        return (chunk) => file.writeFile(chunk);
      },
      watching,
    );
    await half.file?.sync();
    await half.file?.close();
    await rename(half.path ?? '', target);
    return { ...whole, path: target };
  } catch (error) {
    await half.file?.close().catch(() => undefined);
    if (half.path !== undefined) await rm(half.path, { force: true }).catch(() => undefined);
    if (watching.signal.aborted) throw new CliError(exits.interrupted, `Interrupted: ${target} was not written.`);
    if (isWriteProblem(error)) {
      throw new CliError(exits.failed, `${target} could not be written: ${writeProblem(error)}.`);
    }
    throw error;
  }
}

/** The folder that a path leads to, and the file in it that it names, if any. @throws CliError usage, when there is no such folder */
async function placeOf(path: string | null): Promise<{ folder: string; file: string | null }> {
  if (path === null) return { folder: '.', file: null };
  const isFolder = async (each: string): Promise<boolean> =>
    (await stat(each).catch(() => null))?.isDirectory() ?? false;
  if (await isFolder(path)) return { folder: path, file: null };
  const folder = path.endsWith('/') ? path : dirname(path);
  if (!(await isFolder(folder))) throw usageError(`There is no folder ${folder}: make it, or name another file.`);
  return { folder, file: basename(path) };
}

/** @throws CliError usage, when there is such a file */
async function refuseOver(target: string, force: boolean): Promise<void> {
  if (!force && (await stat(target).catch(() => null))) {
    throw usageError(`${target} is there already: name another file, or say --force.`);
  }
}

/** Writes an archive to a stream, as it comes: whether it was whole is known at the end. */
export async function downloadThrough(source: Source, out: NodeJS.WritableStream, watching: Watching): Promise<Whole> {
  const { signal } = watching;
  const write: Write = async (chunk) => {
    if (!out.write(chunk)) await once(out, 'drain', { signal });
  };
  return await read(source, async () => write, watching);
}

/** The name of a file in this folder, whatever the service calls it. */
function ownName(name: string): string {
  const safe = basename(name)
    .replaceAll(/[\p{C}/\\]/gu, '_')
    .replace(/^\.+/, '');
  return safe === '' ? 'backup' : safe;
}
