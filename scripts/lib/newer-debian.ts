import { existsSync, globSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDebian, privateFolder, runAsync, say } from './run.ts';

/**
 * Programs that this machine's release of Debian does not have: a MySQL server, a Valkey, PostgreSQL's newest client. They are
 * unpacked with all their libraries, the C library among them, and run from there; nothing is installed.
 */
const suite = 'sid';
const packages = ['mysql-server-core', 'mysql-client-core', 'valkey-server', 'valkey-tools', 'postgresql-client-18'];
/** What the packages depend on and the programs above do not need. */
const needless = /^(perl|libperl|systemd|libsystemd-shared|libdb5|libgdbm|readline-common|sensible-utils|debconf)/;

const programs = {
  mysqld: 'usr/sbin/mysqld',
  mysqldump: 'usr/bin/mysqldump',
  mysql: 'usr/bin/mysql',
  'valkey-server': 'usr/bin/valkey-server',
  'valkey-cli': 'usr/bin/valkey-cli',
  pg_dump: 'usr/lib/postgresql/18/bin/pg_dump',
  pg_dumpall: 'usr/lib/postgresql/18/bin/pg_dumpall',
  pg_restore: 'usr/lib/postgresql/18/bin/pg_restore',
  psql: 'usr/lib/postgresql/18/bin/psql',
} as const;

/** Known to `@holdfast/testing/newer-debian`, which says where the tests find what is here. */
const folder = join(privateFolder, 'newer-debian');

/** Unpacks them unless they are there. Needs no root. @throws Error with what apt said */
export async function ensureNewerDebian(): Promise<void> {
  if (existsSync(folder) || !isDebian()) return;
  say(`unpacking ${packages.join(', ')} of Debian ${suite} into .holdfast/ (nothing is installed)`);
  const making = `${folder}.making`;
  rmSync(making, { recursive: true, force: true });
  const unpacked = join(making, 'root');
  const archives = join(making, 'archives');
  for (const path of [unpacked, archives, join(making, 'lists/partial')]) mkdirSync(path, { recursive: true });
  const options = aptOptions(making);
  await runAsync('apt-get', [...options, 'update', '-qq']);
  const install = [...options, 'install', '--print-uris', '-qq', '--no-install-recommends', ...packages];
  const planned = await runAsync('apt-get', install);
  const names = [...planned.matchAll(/^'\S+' ([^_\s]+)_/gm)].flatMap((match) => match[1] ?? []);
  const wanted = names.filter((name) => !needless.test(name));
  await runAsync('apt-get', [...options, 'download', '-qq', ...wanted], archives);
  for (const file of readdirSync(archives)) await runAsync('dpkg-deb', ['-x', join(archives, file), unpacked]);
  rmSync(archives, { recursive: true });
  rmSync(join(making, 'lists'), { recursive: true });
  // The programs are started by users that are nobody here, so what makes them must not depend on where it was made.
  wrapPrograms(making);
  renameSync(making, folder);
}

/** An apt of its own: it knows of nothing that is installed here, and has its lists elsewhere. */
function aptOptions(making: string): string[] {
  const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';
  const sources = join(making, 'sources.list');
  writeFileSync(sources, `deb [signed-by=${keyring}] http://deb.debian.org/debian ${suite} main\n`);
  writeFileSync(join(making, 'status'), '');
  const settings = {
    'Dir::State': making,
    'Dir::State::status': join(making, 'status'),
    'Dir::Cache': making,
    'Dir::Etc::sourcelist': sources,
    'Dir::Etc::sourceparts': '-',
    'Dir::Etc::preferencesparts': '-',
    'APT::Sandbox::User': 'root',
    'Acquire::Retries': '3',
    'Acquire::Languages': 'none',
  };
  return Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
}

/** Each program by the loader of its own C library; `exec` keeps the process id. */
function wrapPrograms(making: string): void {
  const [libraries = ''] = globSync('root/usr/lib/*-linux-gnu', { cwd: making });
  const [loader = ''] = globSync(`${libraries}/ld-linux-*.so.*`, { cwd: making });
  mkdirSync(join(making, 'bin'));
  for (const [name, path] of Object.entries(programs)) {
    const script = [
      '#!/bin/sh',
      `here='${folder}'`,
      `exec "$here/${loader}" --argv0 "$here/bin/${name}" --library-path "$here/${libraries}" "$here/root/${path}" "$@"`,
    ];
    writeFileSync(join(making, 'bin', name), `${script.join('\n')}\n`, { mode: 0o755 });
  }
}
