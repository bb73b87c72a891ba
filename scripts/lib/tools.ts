import { globSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { findProgram, isDebian, privateFolder, runQuietly, say } from './run.ts';

interface Tool {
  /** All must be there. */
  programs: readonly string[];
  /** Debian's packages that bring them. */
  packages: readonly string[];
  purpose: string;
}

const postgresqlClient: Tool = {
  programs: ['pg_dump', 'pg_dumpall', 'pg_restore', 'psql', 'createdb'],
  packages: ['postgresql-client'],
  purpose: 'dumping and restoring PostgreSQL',
};

/** What tests use beyond npm. */
const testTools: readonly Tool[] = [
  { programs: ['redis-server'], packages: ['redis-server'], purpose: 'the Redis queue' },
  {
    programs: ['radosgw', 'ceph-mon', 'ceph-mgr', 'ceph-osd'],
    packages: ['radosgw', 'ceph-mon', 'ceph-mgr', 'ceph-osd'],
    purpose: 'an S3 server that nobody here wrote',
  },
  {
    programs: ['mariadbd', 'mariadb-install-db', 'mariadb-dump', 'mariadb'],
    packages: ['mariadb-server', 'mariadb-client'],
    purpose: 'MariaDB',
  },
  { programs: ['pgbouncer'], packages: ['pgbouncer'], purpose: 'PostgreSQL behind a pooler' },
  { programs: ['zstd'], packages: ['zstd'], purpose: 'reading archives with public tools' },
  { programs: ['age', 'age-keygen'], packages: ['age'], purpose: 'opening encrypted archives with public tools' },
  { programs: ['aws'], packages: ['awscli'], purpose: 'our S3 server by a client that nobody here wrote' },
  { programs: ['openssl'], packages: ['openssl'], purpose: 'certificates for TLS tests' },
  { programs: ['chromium'], packages: ['chromium'], purpose: 'the web page in a real browser' },
];

/** Client programs that were unpacked without root. */
const unpacked = join(privateFolder, 'postgresql-client');
const unpackedPrograms = join(unpacked, 'bin');

const missing = (tool: Tool): boolean => tool.programs.some((program) => !findProgram(program, [unpackedPrograms]));

/**
 * Makes PostgreSQL's client programs available: as installed, else by apt as root, else unpacked into the project's
 * private folder; puts what was unpacked on this process's PATH.
 * @throws Error with what to install by hand
 */
export function ensurePostgresqlClient(): void {
  if (missing(postgresqlClient)) {
    const byHand = `Install PostgreSQL's client programs (pg_dump, pg_restore, psql; version 15 or newer) and put them on PATH.`;
    if (!isDebian()) throw new Error(byHand);
    try {
      if (process.getuid?.() === 0) aptInstall(postgresqlClient.packages);
      else unpackClient();
    } catch (error) {
      throw new Error(`${byHand} Doing it by itself failed: ${(error as Error).message}`, { cause: error });
    }
    if (missing(postgresqlClient)) throw new Error(byHand);
  }
  process.env['PATH'] = [process.env['PATH'] ?? '', unpackedPrograms].join(delimiter);
}

/** Installs the servers that tests need where that is possible; the tests that need a missing one are skipped and say so. */
export function ensureTestTools(): void {
  const absent = testTools.filter(missing);
  if (absent.length === 0) return;
  const packages = absent.flatMap((tool) => tool.packages);
  if (process.getuid?.() === 0 && isDebian()) {
    aptInstall(packages);
    return;
  }
  for (const tool of absent) say(`without ${tool.programs.join(', ')} the tests of ${tool.purpose} are skipped`);
  say(`to enable them: sudo apt-get install --no-install-recommends ${packages.join(' ')}`);
}

function aptInstall(packages: readonly string[]): void {
  say(`installing ${packages.join(', ')} by apt`);
  runQuietly('apt-get', ['update', '-qq']);
  runQuietly('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages]);
}

/** Debian's client programs without root: the packages that an installation would bring, unpacked beside each other. */
function unpackClient(): void {
  say('unpacking the PostgreSQL client programs into .holdfast/ (no root, so nothing is installed)');
  const downloads = join(unpacked, 'packages');
  rmSync(unpacked, { recursive: true, force: true });
  mkdirSync(downloads, { recursive: true });
  const planned = runQuietly('apt-get', [
    'install',
    '--print-uris',
    '-qq',
    '--no-install-recommends',
    ...postgresqlClient.packages,
  ]);
  const names = [...planned.matchAll(/^'\S+' ([^_\s]+)_/gm)].flatMap((match) => match[1] ?? []);
  runQuietly('apt-get', ['download', '-qq', ...names], downloads);
  for (const file of readdirSync(downloads)) runQuietly('dpkg-deb', ['-x', join(downloads, file), unpacked]);
  rmSync(downloads, { recursive: true });
  wrapPrograms();
}

/** Programs find the libraries that were unpacked with them by a wrapper; `exec` keeps their process id. */
function wrapPrograms(): void {
  const versions = join(unpacked, 'usr/lib/postgresql');
  const version = readdirSync(versions).sort((a, b) => Number(b) - Number(a))[0];
  const libraries = globSync('usr/lib/*-linux-gnu', { cwd: unpacked }).map((folder) => join(unpacked, folder));
  mkdirSync(unpackedPrograms);
  for (const program of postgresqlClient.programs) {
    const real = join(versions, String(version), 'bin', program);
    const script = `#!/bin/sh\nLD_LIBRARY_PATH='${libraries.join(':')}' exec '${real}' "$@"\n`;
    writeFileSync(join(unpackedPrograms, program), script, { mode: 0o755 });
  }
}
