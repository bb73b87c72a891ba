import type { File, SecretReference } from './file.ts';
import { normal, type Fields, type Value } from './normal.ts';
import type { Path } from './read.ts';

export const kinds = ['destination', 'database', 'schedule', 'policy', 'channel'] as const;
/** In the order in which they need each other. */
export type Kind = (typeof kinds)[number];

/** One thing as the file wants it. */
export interface Declared {
  kind: Kind;
  /** Of a schedule its cron expression and time zone. */
  name: string;
  /** The database that a schedule belongs to. */
  database: string | null;
  /** In the words of the file, without secrets: what can be compared with what is there. */
  fields: Fields;
  /** By the dotted name of the field. */
  secrets: Readonly<Record<string, SecretReference>>;
  path: Path;
}

/** What the file declares, and which kinds it says all of. */
export interface Declaration {
  things: Declared[];
  /** Sections that stand in the file: what is not in them may be pruned. */
  whole: ReadonlySet<Kind>;
  /** The databases whose schedules the file says all of. */
  scheduled: ReadonlySet<string>;
}

export const scheduleName = (cron: string, timezone: string): string => `${cron} ${timezone}`;

/** Takes a file apart into the things that it declares. */
export function declarationOf(file: File): Declaration {
  const things: Declared[] = [];
  const add = (kind: Kind, name: string, database: string | null, given: object, path: Path): void => {
    const { fields, secrets } = split(given);
    things.push({ kind, name, database, fields: normal(kind, fields), secrets, path });
  };
  const each = (kind: Kind, section: keyof File): void => {
    for (const [name, given] of Object.entries(file[section] ?? {})) {
      const { schedules: _schedules, ...own } = given as { schedules?: unknown };
      add(kind, name, null, own, [section, name]);
    }
  };
  each('destination', 'destinations');
  each('database', 'databases');
  for (const [database, { schedules }] of Object.entries(file.databases ?? {})) {
    for (const [index, schedule] of (schedules ?? []).entries()) {
      const name = scheduleName(schedule.cron, schedule.timezone ?? 'UTC');
      add('schedule', name, database, { timezone: 'UTC', ...schedule }, ['databases', database, 'schedules', index]);
    }
  }
  each('policy', 'policies');
  each('channel', 'notification_channels');
  const whole = new Set<Kind>();
  if (file.destinations) whole.add('destination');
  if (file.databases) whole.add('database');
  if (file.policies) whole.add('policy');
  if (file.notification_channels) whole.add('channel');
  const scheduled = Object.entries(file.databases ?? {}).filter(([, { schedules }]) => schedules !== undefined);
  return { things, whole, scheduled: new Set(scheduled.map(([name]) => name)) };
}

const isReference = (value: unknown): value is SecretReference =>
  typeof value === 'object' && value !== null && Object.keys(value).length === 1 && ('env' in value || 'file' in value);

/** What stands in place of a secret where things are compared. */
export const withheld = '***';

/**
 * Takes the secrets out. One whose field is all of it vanishes; within lists and below names of the user's own, where it
 * matters whether there is one, it leaves its mark.
 */
function split(given: object): { fields: Fields; secrets: Record<string, SecretReference> } {
  const secrets: Record<string, SecretReference> = {};
  const walk = (value: unknown, path: string, isMarked: boolean): Value | undefined => {
    if (isReference(value)) {
      secrets[path] = value;
      return isMarked ? withheld : undefined;
    }
    if (Array.isArray(value)) return value.map((item, index) => walk(item, `${path}.${index}`, true) ?? null);
    if (typeof value !== 'object' || value === null) return value as Value | undefined;
    const entries = Object.entries(value).map(([key, each]) => {
      const below = path === '' ? key : `${path}.${key}`;
      return [key, walk(each, below, isMarked || key === 'ping')] as const;
    });
    return Object.fromEntries(entries.filter(([, each]) => each !== undefined)) as Fields;
  };
  return { fields: walk(given, '', false) as Fields, secrets };
}

/** The fields with their secrets in place again. */
export function joined(fields: Fields, secrets: Readonly<Record<string, string>>): Fields {
  const whole = structuredClone(fields) as Record<string, unknown>;
  for (const [path, secret] of Object.entries(secrets)) {
    const parts = path.split('.');
    const last = parts.pop() ?? '';
    let within = whole;
    for (const part of parts) within = (within[part] ??= {}) as Record<string, unknown>;
    within[last] = secret;
  }
  return whole as Fields;
}
