import type { DatabaseType } from './databases.ts';

/** The names of kinds of databases, as their makers write them. */
export const typeNames: Record<DatabaseType, string> = {
  postgresql: 'PostgreSQL',
  mysql: 'MySQL',
  mariadb: 'MariaDB',
  sqlite: 'SQLite',
  redis: 'Redis / Valkey',
  mongodb: 'MongoDB',
  files: 'Directory',
};
