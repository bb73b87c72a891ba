import type { AuditDetails } from '@holdfast/shared/domain';

/** Fields whose texts may be read by everybody who reads the log. Of all others only the names are entered. */
const harmless = new Set([
  'catch_up',
  'cron',
  'database',
  'enabled',
  'events',
  'exclude',
  'expires_at',
  'host',
  'include',
  'label',
  'least_severity',
  'level',
  'name',
  'new_database',
  'overlap',
  'scopes',
  'suffix',
  'timezone',
  'type',
  'user',
]);
const mayHoldSecrets = /pass|secret|key|token|url|header|hook|command|script|body/i;
const mostFields = 100;
const deepest = 4;
const longest = 200;

type Value = string | number | boolean | null | readonly string[];

/**
 * The fields that a request gives, by their names (`target.new_database`), each with its value and, where it is known, the
 * value before, if these are harmless.
 * @param body as it was sent, known to be valid
 * @param former what is changed, where it is known
 */
export function changedFields(body: unknown, former: unknown): AuditDetails {
  if (!isObject(body)) return {};
  const entries = Object.entries(body);
  const [envelope] = entries;
  // `{ database: { … } }`: the envelope says nothing.
  const given = entries.length === 1 && envelope && isObject(envelope[1]) ? envelope[1] : body;
  const changed = Object.fromEntries([...fieldsOf(given, isObject(former) ? former : {})].slice(0, mostFields));
  return Object.keys(changed).length === 0 ? {} : { changed };
}

function* fieldsOf(
  given: Record<string, unknown>,
  former: Record<string, unknown>,
  prefix = '',
): Generator<[name: string, field: { from?: Value; to?: Value }]> {
  for (const [name, value] of Object.entries(given)) {
    // A name of anybody's choice may be anything.
    if (!/^[a-z0-9_]{1,40}$/i.test(name)) continue;
    const before = former[camel(name)];
    const path = `${prefix}${name}`;
    if (isObject(value) && !mayHoldSecrets.test(name) && path.split('.').length < deepest) {
      yield* fieldsOf(value, isObject(before) ? before : {}, `${path}.`);
      continue;
    }
    const to = shown(name, value);
    const from = shown(name, before);
    yield [path, { ...(from !== undefined && from !== to && { from }), ...(to !== undefined && { to }) }];
  }
}

function shown(name: string, value: unknown): Value | undefined {
  if (value === null || typeof value === 'boolean') return value;
  if (mayHoldSecrets.test(name)) return undefined;
  if (typeof value === 'number') return value;
  if (!harmless.has(name)) return undefined;
  if (typeof value === 'string') return storable(value);
  const isTexts = Array.isArray(value) && value.length <= mostFields && value.every((one) => typeof one === 'string');
  return isTexts ? value.map(storable) : undefined;
}

/** What the route ignored may hold anything; PostgreSQL's JSON takes neither NUL nor half a character. */
const storable = (text: string): string => text.slice(0, longest).toWellFormed().replaceAll('\0', '\ufffd');

const camel = (name: string): string => name.replaceAll(/_(\w)/g, (_match, letter: string) => letter.toUpperCase());

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
