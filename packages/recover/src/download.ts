import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { asStored, keysFor, mustOpen, readInto } from '@holdfast/pipeline';
import type { ManifestFile } from '@holdfast/shared/contracts';
import { HoldfastError, isArchive, type Keys } from '@holdfast/shared/domain';
import { findBackup } from './catalogue.ts';
import type { Deps } from './deps.ts';
import { mustBeThere } from './look.ts';
import { exits } from './usage.ts';

/** The names that codecs add, the last of them the outermost. */
const extensions = { zstd: '.zst', gzip: '.gz', age: '.age' } as const;

/**
 * Writes the files of a backup into a folder. A file has its name only when its digests were right; none that is there is
 * replaced.
 * @returns the exit code. @throws HoldfastError
 */
export async function download(deps: Deps, asked: string, folder: string, plain: boolean): Promise<number> {
  const { store, signal } = deps;
  const { manifest, key } = await findBackup(deps, asked);
  const keys = keysFor(manifest, deps.keys);
  // The content manifest comes last and only serves to compare with: without it the others are wanted all the same.
  const needed = manifest.files.filter(isArchive);
  await mustBeThere(deps, needed);
  if (plain) await mustOpen(store, needed, keys, signal);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const written: string[] = [];
  for (const file of [...needed, ...manifest.files.filter((file) => !isArchive(file))]) {
    written.push(await downloadFile(deps, asDownloaded(file, plain), join(folder, nameOf(file, plain)), keys));
    deps.say(`written and compared: ${written.at(-1)}`);
  }
  if (deps.json) deps.print(JSON.stringify({ id: manifest.backupId, manifest: key, files: written }, null, 2));
  else for (const path of written) deps.print(path);
  return exits.done;
}

/** What is read of it: as it is stored, nothing is decoded and only the stored digest is compared. */
const asDownloaded = (file: ManifestFile, plain: boolean): ManifestFile => (plain ? file : asStored(file));

function nameOf({ name, codecs }: ManifestFile, plain: boolean): string {
  if (!plain) return name;
  return codecs.reduceRight((rest, codec) => {
    const extension = extensions[codec];
    return rest.endsWith(extension) ? rest.slice(0, -extension.length) : rest;
  }, name);
}

async function downloadFile({ store, signal }: Deps, file: ManifestFile, path: string, keys: Keys): Promise<string> {
  const part = `${path}.part`;
  await mustBeFree(path);
  await mustBeFree(part);
  try {
    await readInto(() => createWriteStream(part, { flags: 'wx', mode: 0o600 }), store, file, keys, signal);
    await rename(part, path);
    return path;
  } catch (error) {
    await rm(part, { force: true });
    throw explained(error, path);
  }
}

/** @throws HoldfastError configuration */
async function mustBeFree(path: string): Promise<void> {
  const found = await stat(path).catch(() => null);
  if (found) throw new HoldfastError('configuration', `${path} is there already: choose another folder, or remove it.`);
}

/** What the folder refuses is told in its own words, such as a full disk. */
function explained(error: unknown, path: string): unknown {
  if (error instanceof HoldfastError || !(error instanceof Error && 'syscall' in error)) return error;
  return new HoldfastError('configuration', `${path} cannot be written: ${error.message}.`, { cause: error });
}
