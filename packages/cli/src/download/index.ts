import { once } from 'node:events';
import { open, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { CliError, exits, usageError } from '../exits.ts';
import { read, type Source, type Watching, type Whole, type Write } from './read.ts';

export type { Source } from './read.ts';

/**
 * Brings an archive into a file, which stands there whole or not at all.
 * @param path of the file or of a folder for it; null: this folder
 */
export async function downloadTo(
  source: Source,
  { path, force }: { path: string | null; force: boolean },
  watching: Watching,
): Promise<Whole & { path: string }> {
  const half: { file?: FileHandle; path?: string } = {};
  let target = path ?? '.';
  try {
    const whole = await read(
      source,
      async (name) => {
        target = await targetOf(path, name, force);
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
    if (half.path !== undefined) await rm(half.path, { force: true });
    if (watching.signal.aborted) throw new CliError(exits.interrupted, `Interrupted: ${target} was not written.`);
    throw error;
  }
}

/** @throws CliError usage, when there is such a file */
async function targetOf(path: string | null, name: string, force: boolean): Promise<string> {
  const found = path === null ? null : await stat(path).catch(() => null);
  const target = path === null || found?.isDirectory() ? join(path ?? '.', ownName(name)) : path;
  if (!force && (await stat(target).catch(() => null))) {
    throw usageError(`${target} is there already: name another file, or say --force.`);
  }
  return target;
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
