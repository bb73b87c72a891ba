import type { TlsMode } from '@holdfast/shared/domain';
import type { VersionQuestion } from '../process/index.ts';

/** What differs between MySQL and MariaDB; all else is the same. */
export interface Flavour {
  type: 'mysql' | 'mariadb';
  /** The product, for people. */
  product: string;
  /** The names of the programs, the preferred first. */
  programs: { dump: readonly string[]; client: readonly string[] };
  /** Finds the version in what a program of this flavour says of itself. */
  version: RegExp;
  /** The package that brings the programs, for people. */
  install: string;
  /** Options of the dump program that the other one does not know. */
  dumpArgs: readonly string[];
  /** Names of databases of which the dump program cannot read the events, for it escapes them where it should not. */
  eventlessNames: RegExp;
  /** The first version whose RENAME TABLE is all or nothing through a crash of the server, too. */
  atomicSince: readonly [number, number];
  tlsArgs(mode: TlsMode, roots: string | null): string[];
  /** The privilege that shows the bodies of all routines. */
  routineGrant(user: string): string;
}

const modes = {
  disable: 'DISABLED',
  prefer: 'PREFERRED',
  require: 'REQUIRED',
  'verify-ca': 'VERIFY_CA',
  'verify-full': 'VERIFY_IDENTITY',
} as const satisfies Record<TlsMode, string>;

export const mysql: Flavour = {
  type: 'mysql',
  product: 'MySQL',
  programs: { dump: ['mysqldump'], client: ['mysql'] },
  version: /^(?!.*MariaDB).*?(?:Distrib|Ver) (\d+\.\d+\.\d+)/,
  install: 'mysql-client',
  dumpArgs: ['--set-gtid-purged=OFF'],
  eventlessNames: /(?!)/,
  atomicSince: [8, 0],
  tlsArgs: (mode, roots) => [
    `--ssl-mode=${modes[mode]}`,
    ...(roots === null ? [] : [`--ssl-ca=${roots}`]),
    // Without TLS a password that the server does not remember goes encrypted by the server's own key.
    ...(mode === 'disable' || mode === 'prefer' ? ['--get-server-public-key'] : []),
  ],
  routineGrant: (user) => `GRANT SHOW_ROUTINE ON *.* TO ${user};`,
};

export const mariadb: Flavour = {
  type: 'mariadb',
  product: 'MariaDB',
  programs: { dump: ['mariadb-dump', 'mysqldump'], client: ['mariadb', 'mysql'] },
  version: /(\d+\.\d+\.\d+)-MariaDB/,
  install: 'mariadb-client',
  dumpArgs: [],
  eventlessNames: /['"\\]/,
  atomicSince: [10, 6],
  tlsArgs: (mode, roots) => {
    if (mode === 'disable') return ['--skip-ssl'];
    const verified = mode === 'verify-ca' || mode === 'verify-full';
    return [
      '--ssl',
      ...(roots === null ? [] : [`--ssl-ca=${roots}`]),
      // The program has no way to check the authority alone, so the name is checked, too.
      verified ? '--ssl-verify-server-cert' : '--skip-ssl-verify-server-cert',
    ];
  },
  routineGrant: (user) => `GRANT SELECT ON mysql.proc TO ${user};`,
};

/** How a program of this flavour is asked for its version. */
export const versionQuestion = (flavour: Flavour, name: string, path: string): VersionQuestion => ({
  name,
  path,
  pattern: flavour.version,
  killed: flavour.programs.dump.includes(name) ? 'dump_killed' : 'restore_killed',
});
