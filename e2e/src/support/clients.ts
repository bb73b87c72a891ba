import { globSync } from 'node:fs';

/** The major of the newest `pg_dump` that a worker would find on this machine. */
export function newestClient(): number {
  const folders = globSync(['/usr/lib/postgresql/*/bin/pg_dump', '/usr/pgsql-*/bin/pg_dump']);
  return Math.max(
    0,
    ...folders.map((path) => Number.parseInt(/(?:postgresql\/|pgsql-)(\d+)/.exec(path)?.[1] ?? '0', 10)),
  );
}
