import type { DatabaseType } from '../../../data/databases.ts';

export interface Kind {
  type: DatabaseType;
  label: string;
  /** What it needs, in a line. */
  hint: string;
  /** Where it usually listens; null: it is a path. */
  port: number | null;
  /** What makes a user that can back up, and nothing more; null: there are no users. */
  privileges: ((user: string, database: string) => string) | null;
  /** What lets it restore into a scratch database, which proving takes. */
  grant?: (user: string) => string;
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

const postgresql = (user: string): string =>
  `CREATE ROLE ${quoted(user)} LOGIN PASSWORD '…' BYPASSRLS;\nGRANT pg_read_all_data TO ${quoted(user)};`;

const mysql = (last: string) => (user: string, database: string) =>
  `CREATE USER ${user} IDENTIFIED BY '…';\nGRANT SELECT, SHOW VIEW, TRIGGER, EVENT ON \`${database}\`.* TO ${user};\n${last} TO ${user};`;

const scratchSchemas = (user: string): string => `GRANT ALL PRIVILEGES ON \`holdfast\\_verify\\_%\`.* TO ${user};`;

const mongodb = (user: string, database: string): string =>
  `db.getSiblingDB('admin').createUser({ user: '${user}', pwd: passwordPrompt(), roles: [{ role: 'read', db: '${database}' }] });`;

/** The kinds of databases, in the words of docs/engines. */
export const kinds: readonly Kind[] = [
  {
    type: 'postgresql',
    label: 'PostgreSQL',
    hint: 'A role that may read everything.',
    port: 5432,
    privileges: postgresql,
    grant: (user) => `ALTER ROLE ${quoted(user)} CREATEDB;`,
  },
  {
    type: 'mysql',
    label: 'MySQL',
    hint: 'A user with SELECT, SHOW VIEW, TRIGGER, EVENT.',
    port: 3306,
    privileges: mysql('GRANT SHOW_ROUTINE ON *.*'),
    grant: scratchSchemas,
  },
  {
    type: 'mariadb',
    label: 'MariaDB',
    hint: 'A user with SELECT, SHOW VIEW, TRIGGER, EVENT.',
    port: 3306,
    privileges: mysql('GRANT SELECT ON mysql.proc'),
    grant: scratchSchemas,
  },
  {
    type: 'mongodb',
    label: 'MongoDB',
    hint: 'A user with the role read. Database *: the whole server.',
    port: 27_017,
    privileges: mongodb,
  },
  {
    type: 'redis',
    label: 'Redis, Valkey',
    hint: 'A password, or a user that may SYNC.',
    port: 6379,
    privileges: (user) => `ACL SETUSER ${user} on >… ~* +sync +psync +replconf +info +select +get +ping`,
  },
  {
    type: 'sqlite',
    label: 'SQLite',
    hint: 'The path of a file that the workers, or a remote server, can open.',
    port: null,
    privileges: null,
  },
  {
    type: 'files',
    label: 'Directory',
    hint: 'The path of a directory that the workers, or a remote server, can read.',
    port: null,
    privileges: null,
  },
];

export const kindOf = (type: DatabaseType): Kind | undefined => kinds.find((kind) => kind.type === type);

interface Named {
  type: DatabaseType | null;
  /** '': by our workers. */
  server: string;
  user: string;
}

/** What the user that was written needs so that backups can be proven by a restore; null: nothing that is known here. */
export function grantOf({ type, server, user }: Named): string | null {
  if (type === null || server !== '') return null;
  return kindOf(type)?.grant?.(user || 'backup') ?? null;
}
