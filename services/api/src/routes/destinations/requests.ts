import { isIP } from 'node:net';
import type { NewDestination } from '@holdfast/persistence';
import { destinationTypes, type Destination, type DestinationType } from '@holdfast/shared/domain';
import { z } from 'zod';
import { hostProblem } from '../../http/address.ts';
import { isPlainText, maxInteger, secret, text } from '../../http/fields.ts';
import { invalid } from '../../http/problem.ts';

/** Form-encoding clients send booleans as "1" and "0", and numbers as text. */
const flag = z.union([z.boolean(), z.enum(['1', '0', 'true', 'false']), z.literal(1), z.literal(0)], {
  error: 'must be true or false',
});
const asBoolean = flag.transform((value) => value === true || value === 1 || value === '1' || value === 'true');
const count = (least: number, most: number) =>
  z.preprocess(
    (value) => (typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value),
    z.int().min(least).max(most),
  );

const region = text(64).regex(/^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$/, {
  error: 'must be a region such as us-east-1',
});
const endpoint = text(500).check(({ value, issues }) => {
  const problem = endpointProblem(value);
  if (problem) issues.push({ code: 'custom', input: value, message: problem });
});

/** A folder below a root: relative, and in no way out of it. */
const folder = z
  .string()
  .max(512)
  .refine((value) => value === '' || /^[^/\\\p{C}]+(\/[^/\\\p{C}]+)*\/?$/u.test(value), {
    error: 'must be a relative folder such as backups/production',
  })
  .refine((value) => !/(^|\/)\.\.?(\/|$)/.test(value), { error: 'must not contain "." or ".."' });

const required = { error: ({ input }: { input?: unknown }) => (input === null ? 'is required' : undefined) };

const fields = z.object({
  label: z.string(required).min(1).max(255).refine(isPlainText, { error: 'must not contain control characters' }),
  type: z.enum(destinationTypes, required),
  s3_access_key: secret(512).nullable(),
  s3_secret_key: secret(1024).nullable(),
  s3_bucket_name: text(255)
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]+[A-Za-z0-9]$/, { error: 'must be the name of a bucket' })
    .nullable(),
  s3_region: region.nullable(),
  custom_s3_region: region.nullable(),
  s3_endpoint: endpoint.nullable(),
  custom_s3_endpoint: endpoint.nullable(),
  path_style_endpoint: asBoolean,
  s3_prefix: folder.nullable(),
  s3_max_parts: count(1, 10_000).nullable(),
  path: folder.nullable(),
  deletion_access_key: secret(512).nullable(),
  deletion_secret_key: secret(1024).nullable(),
  object_lock: z.strictObject({ mode: z.enum(['governance', 'compliance']), days: count(1, 36_500) }).nullable(),
});

/** As the original reads input: without spaces around it, and empty text is no value. */
const tidied = (input: unknown): unknown =>
  typeof input === 'object' && input !== null && !Array.isArray(input)
    ? Object.fromEntries(Object.entries(input).map(([name, value]) => [name, tidiedText(value)]))
    : input;
const tidiedText = (value: unknown): unknown => (typeof value === 'string' ? value.trim() || null : value);

const changes = fields.partial();
export type DestinationRequest = z.output<typeof changes>;

export const newDestination = z
  .preprocess(
    tidied,
    changes.required({ label: true, type: true }).superRefine(
      (asked, context) => {
        for (const field of lacking(asked, null)) {
          context.addIssue({ code: 'custom', path: [field], message: 'is required' });
        }
      },
      // Also when something else is wrong, so that one answer names all of it.
      { when: ({ value }) => typeof value === 'object' && value !== null },
    ),
  )
  .meta({
    examples: [
      {
        label: 'Custom S3 Backup',
        type: 'custom_s3',
        s3_access_key: 'your_access_key',
        s3_secret_key: 'your_secret_key',
        s3_bucket_name: 'custom-backups',
        custom_s3_endpoint: 'https://custom-s3.example.com',
        path_style_endpoint: true,
      },
    ],
  });
export const destinationChange = z
  .preprocess(tidied, changes)
  .meta({ examples: [{ label: 'Updated S3 Backup', s3_bucket_name: 'new-backups' }] });
export const listQuery = z.object({
  per_page: count(1, 100).default(15),
  page: count(1, maxInteger).default(1),
});
export const forceQuery = z.object({ force: asBoolean.default(false) });

/** The name that a request gives the endpoint. */
export const endpointField = ({ s3_endpoint: endpoint }: DestinationRequest): string =>
  typeof endpoint === 'string' ? 's3_endpoint' : 'custom_s3_endpoint';

/** What a kind of destination would lack after a request, by the names of the fields. */
function lacking(asked: DestinationRequest, current: Destination | null): string[] {
  const { type } = asked;
  if (type !== 's3' && type !== 'custom_s3') return [];
  const values = s3Values(asked, current);
  const { accessKey, secretKey, bucket, region: wanted, endpoint: server } = values;
  const { deletionAccessKey, deletionSecretKey } = values;
  const needed = {
    s3_access_key: accessKey,
    s3_secret_key: secretKey,
    s3_bucket_name: bucket,
    ...(type === 's3' ? { s3_region: wanted } : { custom_s3_endpoint: server }),
    ...(deletionSecretKey === null ? {} : { deletion_access_key: deletionAccessKey }),
    ...(deletionAccessKey === null ? {} : { deletion_secret_key: deletionSecretKey }),
  };
  return Object.keys(needed).filter((field) => needed[field as keyof typeof needed] === null);
}

function s3Values(asked: DestinationRequest, current: Destination | null) {
  const old = current && current.type !== 'local' ? current : null;
  return {
    accessKey: changed(asked.s3_access_key, old?.accessKey),
    secretKey: changed(asked.s3_secret_key, old?.secretKey),
    bucket: changed(asked.s3_bucket_name, old?.settings.bucket),
    region: changed(either(asked.s3_region, asked.custom_s3_region), old?.settings.region),
    endpoint: changed(either(asked.s3_endpoint, asked.custom_s3_endpoint), old?.settings.endpoint),
    pathStyle: asked.path_style_endpoint ?? old?.settings.pathStyle ?? false,
    prefix: (changed(asked.s3_prefix, old?.settings.prefix) ?? '').replace(/([^/])$/, '$1/'),
    maxParts: changed(asked.s3_max_parts, old?.settings.maxParts) ?? 10_000,
    objectLock: changed(asked.object_lock, old?.settings.objectLock),
    deletionAccessKey: changed(asked.deletion_access_key, old?.deletionKeys?.accessKey),
    deletionSecretKey: changed(asked.deletion_secret_key, old?.deletionKeys?.secretKey),
  };
}

type Value<T> = T | null | undefined;

/** Of two names for one field: null when it was sent empty, undefined when it was not sent. */
const either = <T>(one: Value<T>, other: Value<T>): Value<T> => one ?? other ?? (one === null ? one : other);

const changed = <T>(asked: Value<T>, old: Value<T>): T | null => (asked === undefined ? (old ?? null) : asked);

/**
 * What a destination would be after a request: the request's fields over those of the one there is.
 * @throws Problem 422 when a kind of destination would lack what it needs, or cannot do what is asked of it
 */
export function toDestination(
  asked: DestinationRequest & { label: string; type: DestinationType },
  current: Destination | null,
): NewDestination {
  const { label, type } = asked;
  if (type === 'local') {
    // Other fields of a bucket mean nothing here; this one would be believed.
    if (asked.object_lock)
      throw invalid({ object_lock: ['The object_lock field must be null: a folder cannot lock.'] });
    const old = current?.type === 'local' ? current.settings.path : null;
    return { label, type, settings: { path: changed(asked.path, old) ?? '' } };
  }
  const missing = lacking(asked, current);
  const values = s3Values(asked, current);
  const { accessKey, secretKey, bucket, endpoint: server, deletionAccessKey, deletionSecretKey, ...settings } = values;
  if (missing.length > 0 || !accessKey || !secretKey || bucket === null) {
    throw invalid(Object.fromEntries(missing.map((field) => [field, [`The ${field} field is required.`]])));
  }
  const endpoint = type === 's3' ? null : server;
  const deletionKeys =
    deletionAccessKey && deletionSecretKey ? { accessKey: deletionAccessKey, secretKey: deletionSecretKey } : null;
  return { label, type, settings: { ...settings, bucket, endpoint }, accessKey, secretKey, deletionKeys };
}

function endpointProblem(value: string): string | null {
  const url = URL.parse(value);
  if (!url || !/^https?:$/.test(url.protocol)) return 'must be an http:// or https:// URL';
  if (url.username !== '' || url.password !== '') return 'must not contain a user name or password';
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') return 'must end after the host and port';
  // Which addresses are allowed is for the operator to say.
  return isIP(url.hostname.replace(/^\[|\]$/g, '')) === 0 ? hostProblem(url.hostname) : null;
}
