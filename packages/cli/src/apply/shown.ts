import type { Channel, Database, Destination, Policy, Schedule } from '../views.ts';
import { withheld } from './declare.ts';
import type { Fields } from './normal.ts';

/** What ids stand for. */
export interface Names {
  destinations: { id: number; name: string }[];
  databases: { id: string; name: string }[];
  servers: { id: number; name: string }[];
}

const nameOf = <Id>(known: readonly { id: Id; name: string }[], id: Id | null): string | null =>
  id === null ? null : (known.find((each) => each.id === id)?.name ?? `#${String(id)}`);

/** What the service shows is plain JSON. */
const asFields = (shown: object): Fields => shown as Fields;

/** What a destination is, in the words of the file. */
export function shownDestination(destination: Destination): Fields {
  const {
    id: _id,
    user_id: _user,
    label: _label,
    type_human: _human,
    created_at: _made,
    updated_at: _changed,
    ...rest
  } = destination;
  return asFields(rest);
}

export const shownDatabase = (database: Database, names: Names): Fields =>
  asFields({
    type: database.type,
    host: database.host,
    port: database.port,
    user: database.user,
    database: database.database,
    options: database.options,
    hooks: database.hooks,
    destination: nameOf(names.destinations, database.destination_id),
    server: nameOf(names.servers, database.server_id),
    objectives: database.objectives,
  });

function shownVerification({ verification }: Schedule | Policy, names: Names): object | null {
  if (!verification) return null;
  const { scratch_database_id: scratch, ...rest } = verification;
  return { ...rest, scratch_database: nameOf(names.databases, scratch) };
}

export const shownSchedule = (schedule: Schedule, names: Names): Fields =>
  asFields({
    cron: schedule.cron,
    timezone: schedule.timezone,
    retention: schedule.retention,
    verification: shownVerification(schedule, names),
    destination: nameOf(names.destinations, schedule.destination_id),
    enabled: schedule.enabled,
    catch_up: schedule.catch_up,
    catch_up_grace_seconds: schedule.catch_up_grace_seconds,
    overlap: schedule.overlap,
    jitter_seconds: schedule.jitter_seconds,
    ping: schedule.ping ? { url: withheld } : null,
  });

export const shownPolicy = (policy: Policy, names: Names): Fields =>
  asFields({
    type: policy.type,
    host: policy.host,
    port: policy.port,
    user: policy.user,
    database: policy.database,
    options: policy.options,
    destination: nameOf(names.destinations, policy.destination_id),
    include: policy.include,
    exclude: policy.exclude,
    globals: policy.globals,
    cron: policy.cron,
    timezone: policy.timezone,
    jitter_seconds: policy.jitter_seconds,
    retention: policy.retention,
    verification: shownVerification(policy, names),
    objectives: policy.objectives,
    enabled: policy.enabled,
  });

export const shownChannel = (channel: Channel, names: Names): Fields =>
  asFields({
    type: channel.type,
    enabled: channel.enabled,
    email: channel.email,
    rules: {
      ...channel.rules,
      databases: channel.rules.databases?.map((id) => nameOf(names.databases, id)) ?? null,
    },
  });
