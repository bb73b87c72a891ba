import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isRoot } from '@holdfast/embedded';
import { newerDebian } from '../newer-debian/index.ts';

export type Flavour = 'mysql' | 'mariadb';

/** The servers refuse root; whom root starts them as. */
const unprivileged = isRoot() ? { uid: 65_534, gid: 65_534 } : {};

const small = [
  '--innodb-buffer-pool-size=128M',
  '--innodb-flush-log-at-trx-commit=0',
  '--innodb-flush-method=nosync',
  '--skip-innodb-doublewrite',
  '--skip-name-resolve',
];

interface Programs {
  /** Fills an empty data folder. */
  initialise(data: string): void;
  serve(args: readonly string[]): ChildProcess;
}

/** Without what a program would otherwise derive from the path of its own, which is that of its loader. */
function mysqlPrograms(): Programs | null {
  const bin = newerDebian();
  if (bin === null) return null;
  const root = join(bin, '../root/usr');
  const own = [`--basedir=${root}`, `--lc-messages-dir=${join(root, 'share/mysql')}`];
  const settings = [...own, '--secure-file-priv=', '--mysqlx=OFF', '--innodb-redo-log-capacity=128M', '--skip-log-bin'];
  return {
    initialise: (data) => {
      const args = ['--no-defaults', '--initialize-insecure', `--datadir=${data}`, ...own];
      execFileSync(join(bin, 'mysqld'), args, { cwd: '/', stdio: 'pipe', ...unprivileged });
    },
    serve: (args) => serve(join(bin, 'mysqld'), ['--no-defaults', ...settings, ...small, ...args]),
  };
}

const sbin = '/usr/sbin/mariadbd';
const install = '/usr/bin/mariadb-install-db';

function mariadbPrograms(): Programs | null {
  if (!existsSync(sbin) || !existsSync(install)) return null;
  return {
    initialise: (data) => {
      const args = ['--no-defaults', `--datadir=${data}`, '--auth-root-authentication-method=normal', '--skip-test-db'];
      execFileSync(install, args, { cwd: '/', stdio: 'pipe', ...unprivileged });
    },
    serve: (args) => serve(sbin, ['--no-defaults', '--innodb-log-file-size=96M', ...small, ...args]),
  };
}

const serve = (program: string, args: readonly string[]): ChildProcess =>
  spawn(program, args, { cwd: '/', env: { LANG: 'C.UTF-8' }, stdio: ['ignore', 'pipe', 'pipe'], ...unprivileged });

/** The programs of a server; null where there are none on this machine. */
export const serverPrograms = (flavour: Flavour): Programs | null =>
  flavour === 'mysql' ? mysqlPrograms() : mariadbPrograms();
