import type { Client, Clients, ClientNeeds } from './clients.ts';
import type { ServerVersion } from './session.ts';

/** The programs that fill a database. */
export interface RestoreClients {
  restore: Client;
  /** What runs the script that `restore` writes; null where that fills the database itself. */
  script: Client | null;
}

/** The first major that knows the setting which `pg_restore` of that major and of newer ones begins with. */
const timeoutMajor = 17;

/**
 * `pg_restore` of 17 and newer begins with a setting that an older server refuses, and stops there. Its own scripts begin with
 * it too, but there it can be left out.
 * @throws HoldfastError client_missing, client_too_old
 */
export async function chooseRestoreClients(
  clients: Clients,
  server: ServerVersion,
  archiveMajor: ClientNeeds['archiveMajor'],
  signal: AbortSignal,
): Promise<RestoreClients> {
  const restore = await clients.choose('pg_restore', { server, archiveMajor }, signal);
  const isRefused = restore.major >= timeoutMajor && server.major < timeoutMajor;
  // One of its own version or newer: scripts have words for psql alone.
  const needs = { server: null, archiveMajor: restore.major };
  return { restore, script: isRefused ? await clients.choose('psql', needs, signal) : null };
}
