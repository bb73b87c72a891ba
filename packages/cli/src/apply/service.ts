import { ApiError, type Body, type HoldfastClient } from '@holdfast/client';
import { allChannels, allDatabases, allDestinations, allPolicies, allSchedules, allServers, pick } from '../find.ts';
import { scheduleName } from './declare.ts';
import type { Installation, Making } from './installation.ts';
import { normal, type Fields, type Value } from './normal.ts';
import type { Existing } from './plan.ts';
import { shownChannel, shownDatabase, shownDestination, shownPolicy, shownSchedule, type Names } from './shown.ts';

/** A running Holdfast. */
export class Service implements Installation {
  readonly #client: HoldfastClient;
  #names: Names = { destinations: [], databases: [], servers: [] };

  constructor(client: HoldfastClient) {
    this.#client = client;
  }

  async existing(): Promise<Existing[]> {
    const client = this.#client;
    const [destinations, databases, servers] = [
      await allDestinations(client),
      await allDatabases(client),
      await serversOf(client),
    ];
    const names = { destinations: destinations.map(({ id, label }) => ({ id, name: label })), databases, servers };
    this.#names = names;
    // What a policy made follows the policy alone.
    const own = databases.filter(({ policy_id: policy }) => policy === null);
    const found: Existing[] = [
      ...destinations.map((each) => existing('destination', each.id, each.label, shownDestination(each))),
      ...own.map((each) => existing('database', each.id, each.name, shownDatabase(each, names))),
    ];
    for (const database of own) {
      for (const each of await allSchedules(client, database.id)) {
        const name = scheduleName(each.cron, each.timezone);
        found.push(existing('schedule', each.id, name, shownSchedule(each, names), database.name));
      }
    }
    for (const each of await allPolicies(client))
      found.push(existing('policy', each.id, each.name, shownPolicy(each, names)));
    for (const each of await allChannels(client))
      found.push(existing('channel', each.id, each.name, shownChannel(each, names)));
    return found;
  }

  /** What names stand for, as of the last look. */
  get names(): Names {
    return this.#names;
  }

  async create({ kind, name, database, body }: Making): Promise<string | null> {
    const client = this.#client;
    const sent = this.#withIds(body);
    switch (kind) {
      case 'destination': {
        const { data } = await client.POST('/api/backup-destinations', {
          body: { ...sent, label: name } as Body<'/api/backup-destinations', 'post'>,
        });
        if (data) this.#names.destinations.push({ id: data.data.id, name });
        return null;
      }
      case 'database': {
        const { data } = await client.POST('/api/databases', {
          body: { database: { ...sent, name } } as Body<'/api/databases', 'post'>,
        });
        if (data) this.#names.databases.push(data.database);
        return null;
      }
      case 'schedule':
        await client.POST('/api/databases/{db}/schedules', {
          params: { path: { db: this.#databaseId(database) } },
          body: sent as Body<'/api/databases/{db}/schedules', 'post'>,
        });
        return null;
      case 'policy':
        await client.POST('/api/server-policies', {
          body: { server_policy: { ...sent, name } } as Body<'/api/server-policies', 'post'>,
        });
        return null;
      case 'channel': {
        const { data } = await client.POST('/api/notification-channels', {
          body: { ...sent, name } as Body<'/api/notification-channels', 'post'>,
        });
        return data?.channel.signing_secret ?? null;
      }
    }
  }

  async update({ kind, id, database }: Existing, body: Fields): Promise<void> {
    const client = this.#client;
    const sent = this.#withIds(body);
    switch (kind) {
      case 'destination':
        await client.PUT('/api/backup-destinations/{id}', {
          params: { path: { id: Number(id) } },
          body: sent,
        });
        return;
      case 'database':
        await client.PATCH('/api/databases/{db}', {
          params: { path: { db: id } },
          body: { database: sent },
        });
        return;
      case 'schedule':
        await client.PATCH('/api/databases/{db}/schedules/{id}', {
          params: { path: { db: this.#databaseId(database), id } },
          body: sent,
        });
        return;
      case 'policy':
        await client.PATCH('/api/server-policies/{id}', {
          params: { path: { id } },
          body: { server_policy: sent },
        });
        return;
      case 'channel':
        await client.PATCH('/api/notification-channels/{channel}', {
          params: { path: { channel: id } },
          body: sent,
        });
    }
  }

  /** Never with force: what holds backups stays, and the service says so. */
  async remove({ kind, id, database }: Existing): Promise<void> {
    const client = this.#client;
    switch (kind) {
      case 'destination':
        await client.DELETE('/api/backup-destinations/{id}', { params: { path: { id: Number(id) } } });
        return;
      case 'database':
        await client.DELETE('/api/databases/{db}', { params: { path: { db: id } } });
        return;
      case 'schedule':
        await client.DELETE('/api/databases/{db}/schedules/{id}', {
          params: { path: { db: this.#databaseId(database), id } },
        });
        return;
      case 'policy':
        await client.DELETE('/api/server-policies/{id}', { params: { path: { id } } });
        return;
      case 'channel':
        await client.DELETE('/api/notification-channels/{channel}', { params: { path: { channel: id } } });
    }
  }

  #databaseId(name: string | null): string {
    return pick('database', name ?? '', this.#names.databases, (database) => database).id;
  }

  /** What the file calls by name, by id. */
  #withIds(body: Fields): Record<string, unknown> {
    const { destination, server, verification, objectives, ...rest } = body;
    const { destinations, servers, databases } = this.#names;
    const id = (what: string, value: Value, known: Names[keyof Names]): unknown =>
      typeof value === 'string' ? idOf(what, value, known) : null;
    return {
      ...rest,
      ...(destination === undefined ? {} : { destination_id: id('destination', destination, destinations) }),
      ...(server === undefined ? {} : { server_id: id('server', server, servers) }),
      ...(objectives === undefined ? {} : { objectives: withoutNulls(objectives) }),
      ...(verification === undefined
        ? {}
        : { verification: withScratch(verification, (name) => id('database', name, databases)) }),
    };
  }
}

const existing = (
  kind: Existing['kind'],
  id: string | number,
  name: string,
  fields: Fields,
  database: string | null = null,
) => ({
  kind,
  id: String(id),
  name,
  database,
  fields: normal(kind, fields),
});

/** What is not asked for is left out there. */
const withoutNulls = (objectives: Value): unknown =>
  objectives === null ? null : Object.fromEntries(Object.entries(objectives).filter(([, value]) => value !== null));

function withScratch(verification: Value, idFor: (name: Value) => unknown): unknown {
  if (typeof verification !== 'object' || verification === null || Array.isArray(verification)) return verification;
  const { scratch_database: scratch = null, ...rest } = verification as Fields;
  return { ...rest, scratch_database_id: idFor(scratch) };
}

const idOf = (what: string, name: string, known: Names[keyof Names]): string | number =>
  pick<{ id: string | number; name: string }>(what, name, known, (each) => each).id;

/** Only tokens that may do everything see servers; a file without any needs none. */
async function serversOf(client: HoldfastClient): Promise<Names['servers']> {
  try {
    return await allServers(client);
  } catch (error) {
    if (error instanceof ApiError && error.status === 403) return [];
    throw error;
  }
}
