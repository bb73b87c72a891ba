import { Secret, type Database, type Destination, type Hook } from '@holdfast/shared/domain';

/** Shorter ones are words rather than secrets: taking them out would leave nothing to read. */
const shortestPart = 8;

/** All that must not appear in what hooks print or are answered. */
export function secretsAround({ password, hooks }: Database, destination: Destination | null): Secret[] {
  const all = [...(hooks?.before ?? []), ...(hooks?.after ?? [])];
  return [...(password ? [password] : []), ...keysOf(destination), ...all.flatMap(secretsOf)];
}

function keysOf(destination: Destination | null): Secret[] {
  if (!destination || destination.type === 'local') return [];
  const { accessKey, secretKey, deletionKeys } = destination;
  return [accessKey, secretKey, ...(deletionKeys ? [deletionKeys.accessKey, deletionKeys.secretKey] : [])];
}

/** The values of headers, what stands behind their scheme, and the values of the query. */
function secretsOf(hook: Hook): Secret[] {
  if (hook.type === 'command') return [];
  const values = Object.values(hook.headers);
  const parts = [...values.flatMap((value) => value.reveal().split(/\s+/)), ...new URL(hook.url).searchParams.values()];
  return [...values, ...parts.filter((part) => part.length >= shortestPart).map((part) => new Secret(part))];
}
