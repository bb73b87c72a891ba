import { ApiError, type HoldfastClient } from '@holdfast/client';
import { CliError, exits } from './exits.ts';
import type { Backup, Channel, Database, Destination, Policy, Schedule, Server } from './views.ts';

interface Named {
  id: string | number;
  name: string;
}

const shortestBeginning = 4;

/**
 * The one that has an id or a name; a name may be in other letters' case, an id may be cut short, where only one fits.
 * @param what names their kind in messages
 * @throws CliError notFound, which lists those that fit
 */
export function pick<T>(what: string, wanted: string, items: readonly T[], namedAs: (item: T) => Named): T {
  const lower = wanted.toLowerCase();
  const ways: ((named: Named) => boolean)[] = [
    ({ id }) => String(id) === wanted,
    ({ name }) => name === wanted,
    ({ name }) => name.toLowerCase() === lower,
    ({ id }) => typeof id === 'string' && wanted.length >= shortestBeginning && id.startsWith(lower),
  ];
  for (const fits of ways) {
    const found = items.filter((item) => fits(namedAs(item)));
    const [only] = found;
    if (only !== undefined && found.length === 1) return only;
    if (found.length > 1) throw ambiguous(what, wanted, found.map(namedAs));
  }
  const names = items.map((item) => namedAs(item).name);
  throw new CliError(exits.notFound, `There is no ${what} "${wanted}"${known(names)}`);
}

function ambiguous(what: string, wanted: string, found: readonly Named[]): CliError {
  const lines = found.map(({ id, name }) => `  ${id}  ${name}`);
  return new CliError(exits.notFound, `"${wanted}" fits several; say which ${what} by its id:\n${lines.join('\n')}`);
}

function known(names: readonly string[]): string {
  const most = 10;
  if (names.length === 0) return ': there is none at all.';
  return `: there is ${names.slice(0, most).join(', ')}${names.length > most ? ` and ${names.length - most} more` : ''}.`;
}

export async function allDatabases(client: HoldfastClient): Promise<Database[]> {
  const { data } = await client.GET('/api/databases');
  return data?.databases ?? [];
}

export async function findDatabase(client: HoldfastClient, wanted: string): Promise<Database> {
  return pick('database', wanted, await allDatabases(client), (database) => database);
}

export async function allDestinations(client: HoldfastClient): Promise<Destination[]> {
  const found: Destination[] = [];
  for (let page = 1; ; page += 1) {
    const { data } = await client.GET('/api/backup-destinations', { params: { query: { per_page: 100, page } } });
    found.push(...(data?.data ?? []));
    if (!data || page >= data.meta.last_page) return found;
  }
}

export async function findDestination(client: HoldfastClient, wanted: string): Promise<Destination> {
  return pick('destination', wanted, await allDestinations(client), ({ id, label }) => ({ id, name: label }));
}

export async function allSchedules(client: HoldfastClient, databaseId: string): Promise<Schedule[]> {
  const { data } = await client.GET('/api/databases/{db}/schedules', { params: { path: { db: databaseId } } });
  return data?.schedules ?? [];
}

/** @param wanted an id, or the beginning of one; absent: the only schedule that the database has */
export async function findSchedule(
  client: HoldfastClient,
  database: Database,
  wanted: string | undefined,
): Promise<Schedule> {
  const schedules = await allSchedules(client, database.id);
  const [only] = schedules;
  if (wanted === undefined && only && schedules.length === 1) return only;
  const named = ({ id, cron, timezone }: Schedule): Named => ({ id, name: `${cron} ${timezone}` });
  if (wanted === undefined) {
    if (schedules.length > 1) throw ambiguous('schedule', database.name, schedules.map(named));
    throw new CliError(exits.notFound, `The database ${database.name} has no schedule.`);
  }
  return pick('schedule', wanted, schedules, named);
}

export async function allPolicies(client: HoldfastClient): Promise<Policy[]> {
  const { data } = await client.GET('/api/server-policies');
  return data?.server_policies ?? [];
}

export async function findPolicy(client: HoldfastClient, wanted: string): Promise<Policy> {
  return pick('policy', wanted, await allPolicies(client), (policy) => policy);
}

export async function allChannels(client: HoldfastClient): Promise<Channel[]> {
  const { data } = await client.GET('/api/notification-channels');
  return data?.channels ?? [];
}

export async function findChannel(client: HoldfastClient, wanted: string): Promise<Channel> {
  return pick('channel', wanted, await allChannels(client), (channel) => channel);
}

export async function allServers(client: HoldfastClient): Promise<Server[]> {
  const { data } = await client.GET('/api/servers');
  return data?.servers ?? [];
}

export async function findServer(client: HoldfastClient, wanted: string): Promise<Server> {
  return pick('server', wanted, await allServers(client), (server) => server);
}

export async function backupsOf(client: HoldfastClient, databaseId: string): Promise<Backup[]> {
  const { data } = await client.GET('/api/databases/{db}/backups', { params: { path: { db: databaseId } } });
  return data?.database_backups ?? [];
}

/** A backup by its id, or as `latest:NAME` the newest good one of a database. @throws CliError notFound */
export async function findBackup(client: HoldfastClient, wanted: string): Promise<Backup> {
  const [, name] = /^latest:(.+)$/.exec(wanted) ?? [];
  if (name === undefined) return await backupOfId(client, wanted);
  const database = await findDatabase(client, name);
  const good = (await backupsOf(client, database.id)).find(
    ({ status, verification }) => status === 'done' && !verification.damage,
  );
  if (good) return good;
  throw new CliError(exits.notFound, `The database ${database.name} has no good backup.`);
}

async function backupOfId(client: HoldfastClient, id: string): Promise<Backup> {
  try {
    const { data } = await client.GET('/api/backups/{id}', { params: { path: { id } } });
    if (data) return data.database_backup;
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 404) throw error;
  }
  throw new CliError(
    exits.notFound,
    `There is no backup "${id}": it is the whole id of one, or latest:NAME, the newest good one of a database.`,
  );
}
