import { isIP } from 'node:net';
import { z } from 'zod';
import { contentLevels } from '../domain/content.ts';
import type { Keys } from '../domain/keys.ts';
import type { Limits } from '../domain/limits.ts';
import { Secret } from '../domain/secret.ts';
import type { TraceTarget } from '../observability/tracing/target.ts';
import type { SecretKey } from '../security/secret-box.ts';
import { identities, recipients } from './age-keys.ts';
import { absolutePath, list, logLevel, seconds } from './fields.ts';
import { readGiven } from './given.ts';

/** Seconds that a timer can hold. */
const timer = (fallback: number) => z.coerce.number().positive().max(2_000_000).default(fallback);
const count = (fallback: number) => z.coerce.number().int().positive().default(fallback);
const networks = list.refine((ranges) => ranges.every(isNetwork), {
  message: 'must be CIDR ranges separated by commas, such as 10.0.0.0/8,fd00::/8',
});

function isNetwork(range: string): boolean {
  const [address = '', bits = '', ...rest] = range.split('/');
  const version = isIP(address);
  return version !== 0 && rest.length === 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128);
}

const secretKeys = z.string().transform((text, context): readonly [SecretKey, ...SecretKey[]] => {
  const keys = text
    .split(/[\s,]+/)
    .filter((part) => part !== '')
    .map((part) => {
      const [id = '', encoded = ''] = part.split(':');
      return { id, key: Buffer.from(encoded, 'base64') };
    });
  const [first, ...rest] = keys;
  if (!first || keys.some(({ id, key }) => !/^[\w-]{1,32}$/.test(id) || key.length !== 32)) {
    context.addIssue({
      code: 'custom',
      message: 'must be <id>:<base64 of 32 random bytes>, several separated by commas, the one in use first',
    });
    return z.NEVER;
  }
  return [first, ...rest];
});

const shape = z.object({
  DATABASE_URL: z
    .url({ protocol: /^postgres(ql)?$/, error: 'must be a postgres:// URL' })
    .transform((url) => new Secret(url)),
  REDIS_URL: z
    .url({ protocol: /^rediss?$/, error: 'must be a redis:// or rediss:// URL' })
    .transform((url) => new Secret(url))
    .optional(),
  HOLDFAST_SECRET_KEYS: secretKeys,
  HOLDFAST_LOG_LEVEL: logLevel,
  HOLDFAST_METRICS_TOKEN: z
    .string()
    .regex(/^\S{16,}$/, 'must have at least 16 characters and no spaces')
    .transform((token) => new Secret(token))
    .optional(),
  HOLDFAST_METRICS_DATABASES: z.coerce.number().int().min(0).default(1000),
  HOLDFAST_TRACES: z.enum(['off', 'otlp'], { error: 'must be off or otlp' }).default('off'),
  OTEL_EXPORTER_OTLP_ENDPOINT: z.url({ protocol: /^https?$/, error: 'must be an http:// or https:// URL' }).optional(),
  OTEL_EXPORTER_OTLP_HEADERS: z
    .string()
    .transform((headers) => new Secret(headers))
    .optional(),
  HOLDFAST_HOST: z.string().default('127.0.0.1'),
  HOLDFAST_PORT: z.coerce.number().int().min(0).max(65_535).default(8080),
  HOLDFAST_PUBLIC_URL: z.url({ protocol: /^https?$/ }).optional(),
  HOLDFAST_HEALTH_PORT: z.coerce.number().int().min(0).max(65_535).optional(),
  HOLDFAST_LOCAL_ROOT: absolutePath.optional(),
  HOLDFAST_ALLOWED_NETWORKS: networks,
  HOLDFAST_CLIENTS: list,
  HOLDFAST_FILE_ROOTS: list.refine((roots) => roots.every((root) => root.startsWith('/') && root !== '/'), {
    message: 'must be absolute paths separated by commas, none of them the root folder',
  }),
  HOLDFAST_HOOKS: absolutePath.optional(),
  HOLDFAST_HOOK_SECONDS: timer(600),
  HOLDFAST_WORKER_CONCURRENCY: count(2),
  HOLDFAST_SERVER_CONCURRENCY: count(2),
  HOLDFAST_DESTINATION_CONCURRENCY: count(8),
  HOLDFAST_ACCOUNT_CONCURRENCY: count(16),
  HOLDFAST_PART_CONCURRENCY: count(4),
  HOLDFAST_STORE_PATIENCE_SECONDS: seconds(1800),
  HOLDFAST_COMPRESSION_LEVEL: z.coerce.number().int().min(1).max(19).default(3),
  HOLDFAST_BACKUP_RECIPIENTS: recipients,
  HOLDFAST_BACKUP_IDENTITIES: identities,
  HOLDFAST_CONTENT: z.enum(['off', ...contentLevels]).default('sampled'),
  HOLDFAST_CONTENT_SECONDS: timer(3600),
  HOLDFAST_RECHECK_SECONDS: seconds(2_592_000),
  HOLDFAST_FORMER_HOURS: z.coerce.number().int().min(0).max(8760).default(24),
  HOLDFAST_LEASE_SECONDS: seconds(60),
  HOLDFAST_HEARTBEAT_SECONDS: seconds(10),
  HOLDFAST_STALL_SECONDS: timer(600),
  HOLDFAST_RESTORE_STALL_SECONDS: timer(21_600),
  HOLDFAST_LOCK_TIMEOUT_SECONDS: timer(60),
  HOLDFAST_ATTEMPT_LIMIT_SECONDS: timer(604_800),
  HOLDFAST_GRACE_SECONDS: seconds(30),
  HOLDFAST_MAX_FAILURES: count(3),
  HOLDFAST_RETRY_BASE_SECONDS: seconds(10),
  HOLDFAST_RETRY_CAP_SECONDS: seconds(900),
  HOLDFAST_TICK_SECONDS: seconds(1),
  HOLDFAST_SLOTS_AHEAD: z.coerce.number().int().min(1).max(1000).default(10),
  HOLDFAST_RING_AGAIN_SECONDS: seconds(30),
  HOLDFAST_SWEEP_DELAY_SECONDS: seconds(300),
  HOLDFAST_DELETE_AGAIN_SECONDS: seconds(300),
  HOLDFAST_DELETION_GRACE_SECONDS: z.coerce.number().min(0).default(86_400),
  HOLDFAST_RETENTION_SECONDS: seconds(300),
  HOLDFAST_RECONCILE_SECONDS: seconds(86_400),
  HOLDFAST_ORPHAN_GRACE_SECONDS: seconds(604_800),
  HOLDFAST_ALERT_SECONDS: seconds(30),
  HOLDFAST_SILENT_SECONDS: seconds(60),
  HOLDFAST_LINK_SECONDS: seconds(3600),
  HOLDFAST_TRUSTED_PROXIES: networks,
  HOLDFAST_RATE_PER_TOKEN: count(1200),
  HOLDFAST_RATE_PER_ADDRESS: count(3000),
  HOLDFAST_RATE_REFUSED: count(60),
  HOLDFAST_RATE_SIGN_IN: count(10),
  HOLDFAST_REMOTE_DEADLINE_SECONDS: seconds(21_600),
  HOLDFAST_REMOTE_HEARTBEAT_SECONDS: seconds(60),
  HOLDFAST_REMOTE_LINK_SECONDS: seconds(3600),
});

/** The service's settings, by the names that docs/configuration.md explains. Units are in the names. */
export type Settings = z.output<typeof shape>;

/** How much work may run at once in all workers together. */
export const limitsOf = (settings: Settings): Limits => ({
  server: settings.HOLDFAST_SERVER_CONCURRENCY,
  destination: settings.HOLDFAST_DESTINATION_CONCURRENCY,
  account: settings.HOLDFAST_ACCOUNT_CONCURRENCY,
});

/** What stores are opened with. */
export const storeSettingsOf = (settings: Settings) => ({
  localRoot: settings.HOLDFAST_LOCAL_ROOT ?? null,
  allowedNetworks: settings.HOLDFAST_ALLOWED_NETWORKS,
  partConcurrency: settings.HOLDFAST_PART_CONCURRENCY,
  patienceSeconds: settings.HOLDFAST_STORE_PATIENCE_SECONDS,
});

/** Where traces go; null: there are none. */
export const tracesOf = (settings: Settings): TraceTarget | null =>
  settings.HOLDFAST_TRACES === 'off' || settings.OTEL_EXPORTER_OTLP_ENDPOINT === undefined
    ? null
    : {
        endpoint: settings.OTEL_EXPORTER_OTLP_ENDPOINT,
        headers: settings.OTEL_EXPORTER_OTLP_HEADERS ?? null,
      };

/** The keys that backups are encrypted to and opened with. */
export const backupKeysOf = (settings: Settings): Keys => ({
  recipients: settings.HOLDFAST_BACKUP_RECIPIENTS,
  identities: settings.HOLDFAST_BACKUP_IDENTITIES,
});

/** What may come from a file: what is secret, and what names the keys that belong to it. */
const fromFiles = [
  'DATABASE_URL',
  'REDIS_URL',
  'HOLDFAST_SECRET_KEYS',
  'HOLDFAST_BACKUP_IDENTITIES',
  'HOLDFAST_BACKUP_RECIPIENTS',
  'HOLDFAST_METRICS_TOKEN',
  'OTEL_EXPORTER_OTLP_HEADERS',
];

/**
 * Checks an environment against the settings. `NAME_FILE` may hold the path of a file with the value of `NAME` for the
 * settings that are secret, and for recipients.
 * @returns the settings, or every problem at once, each naming its variable
 */
export function parseSettings(environment: NodeJS.ProcessEnv): { settings: Settings } | { problems: string[] } {
  const known = Object.keys(shape.shape);
  const problems: string[] = [];
  const given = readGiven(environment, known, fromFiles, problems);
  for (const name of Object.keys(environment)) {
    if (name.startsWith('HOLDFAST_') && !known.includes(name.replace(/_FILE$/, ''))) {
      problems.push(`${name} is not a setting: correct its name or remove it.`);
    }
  }
  // Elsewhere empty is absent; here that would be backups in the clear because a variable of the operator's was not set.
  if (environment['HOLDFAST_BACKUP_RECIPIENTS'] === '') {
    problems.push(
      'HOLDFAST_BACKUP_RECIPIENTS is empty: give it a public key, or remove it to store backups unencrypted.',
    );
  }
  const parsed = shape.safeParse(given);
  for (const issue of parsed.error?.issues ?? []) {
    const name = String(issue.path[0]);
    problems.push(given[name] === undefined ? `${name} is not set.` : `${name} ${issue.message}.`);
  }
  if (parsed.success && parsed.data.HOLDFAST_HEARTBEAT_SECONDS * 2 > parsed.data.HOLDFAST_LEASE_SECONDS) {
    problems.push('HOLDFAST_LEASE_SECONDS must be at least twice HOLDFAST_HEARTBEAT_SECONDS.');
  }
  if (given['HOLDFAST_TRACES'] === 'otlp' && given['OTEL_EXPORTER_OTLP_ENDPOINT'] === undefined) {
    problems.push('OTEL_EXPORTER_OTLP_ENDPOINT is not set: HOLDFAST_TRACES=otlp needs to know where traces go.');
  }
  return parsed.success && problems.length === 0 ? { settings: parsed.data } : { problems };
}
