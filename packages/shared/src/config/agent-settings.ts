import { isIPv4 } from 'node:net';
import { z } from 'zod';
import { Secret } from '../domain/secret.ts';
import { absolutePath, list, logLevel, seconds } from './fields.ts';
import { readGiven } from './given.ts';

const shape = z.object({
  HOLDFAST_AGENT_URL: z
    .url({ protocol: /^https?$/, error: 'must be an https:// URL' })
    .transform((url) => new URL(url)),
  HOLDFAST_AGENT_TOKEN: z
    .string()
    .regex(
      /^[^\s.]+\.[^\s.]+$/,
      'must be the token that was shown when the server was registered: two parts with a dot',
    )
    .transform((token) => new Secret(token)),
  HOLDFAST_AGENT_CONFIG: absolutePath,
  HOLDFAST_AGENT_SPOOL: absolutePath,
  HOLDFAST_AGENT_ALLOW_HTTP: z.enum(['true', 'false'], { error: 'must be true or false' }).default('false'),
  HOLDFAST_LOG_LEVEL: logLevel,
  HOLDFAST_GRACE_SECONDS: seconds(30),
  HOLDFAST_CLIENTS: list,
});

/** The settings of the agent of a remote server, by the names that docs/agent.md explains. */
export type AgentSettings = z.output<typeof shape>;

/**
 * Checks an environment against the agent's settings. `HOLDFAST_AGENT_TOKEN_FILE` may hold the path of a file with the token.
 * @returns the settings, or every problem at once, each naming its variable
 */
export function parseAgentSettings(
  environment: NodeJS.ProcessEnv,
): { settings: AgentSettings } | { problems: string[] } {
  const known = Object.keys(shape.shape);
  const problems: string[] = [];
  const given = readGiven(environment, known, ['HOLDFAST_AGENT_TOKEN'], problems);
  for (const name of Object.keys(environment)) {
    // What else begins with HOLDFAST_ is the business of services that may share this environment.
    if (name.startsWith('HOLDFAST_AGENT_') && !known.includes(name.replace(/_FILE$/, ''))) {
      problems.push(`${name} is not a setting of the agent: correct its name or remove it.`);
    }
  }
  const parsed = shape.safeParse(given);
  for (const issue of parsed.error?.issues ?? []) {
    const name = String(issue.path[0]);
    problems.push(given[name] === undefined ? `${name} is not set.` : `${name} ${issue.message}.`);
  }
  const url = shape.shape.HOLDFAST_AGENT_URL.safeParse(given['HOLDFAST_AGENT_URL']).data;
  if (url?.protocol === 'http:' && !isLoopback(url.hostname) && given['HOLDFAST_AGENT_ALLOW_HTTP'] !== 'true') {
    problems.push(
      'HOLDFAST_AGENT_URL must be an https:// URL, as the token would be readable on the way: use https, or set HOLDFAST_AGENT_ALLOW_HTTP=true on a network that you trust.',
    );
  }
  if (url && (url.username !== '' || url.password !== '')) {
    problems.push('HOLDFAST_AGENT_URL must not hold a user name or password: the token is the only credential.');
  }
  return parsed.success && problems.length === 0 ? { settings: parsed.data } : { problems };
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || (isIPv4(hostname) && hostname.startsWith('127.'));
}
