import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Connection } from '@holdfast/shared/domain';
import { planTls } from '../tls.ts';

/** What no variable can say. */
const serviceFile = join(import.meta.dirname, 'pg_service.conf');

/** The environment of one client program, and the removal of the file that it may point to. */
export interface LibpqEnvironment {
  env: Record<string, string>;
  dispose: () => Promise<void>;
}

/**
 * Says how to connect by libpq's own variables: unlike `--dbname`, PGDATABASE is never read as a connection string or URL, and
 * nobody but the program itself sees the password. HOME leads nowhere, so that neither password files nor certificates of
 * whoever runs the worker take part.
 */
export async function libpqEnvironment(connection: Connection): Promise<LibpqEnvironment> {
  const { mode, roots } = await planTls(connection);
  const env: Record<string, string> = {
    HOME: '/nonexistent',
    PGHOST: connection.host,
    PGPORT: String(connection.port),
    PGUSER: connection.user,
    PGDATABASE: connection.database,
    PGSSLMODE: mode,
    PGGSSENCMODE: 'disable',
    PGCONNECT_TIMEOUT: '10',
    PGAPPNAME: 'holdfast',
    PGSERVICEFILE: serviceFile,
    PGSERVICE: 'holdfast',
  };
  if (connection.password) env['PGPASSWORD'] = connection.password.reveal();
  if (roots === null) return { env, dispose: async () => undefined };

  const folder = await mkdtemp(join(tmpdir(), 'holdfast-ca-'));
  const file = join(folder, 'root.crt');
  await writeFile(file, roots, { mode: 0o600 });
  env['PGSSLROOTCERT'] = file;
  return { env, dispose: () => rm(folder, { recursive: true, force: true }) };
}

/**
 * A database for programs that read no PGDATABASE: as a connection string, because they would read a bare name such as
 * `a=b` as one.
 */
export function databaseArgument(name: string): string {
  return `dbname='${name.replace(/[\\']/g, '\\$&')}'`;
}
