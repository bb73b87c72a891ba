import type { Destination } from '@holdfast/shared/domain';
import type { NewDestination } from '@holdfast/persistence';
import { z } from 'zod';
import { hostProblem } from '../../http/address.ts';
import { maxInteger, secret, text } from '../../http/fields.ts';
import { invalid, type FieldProblems } from '../../http/problem.ts';

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

const region = text(64).regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/i, { error: 'must be a region such as us-east-1' });
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

const fields = z.object({
  label: text(255),
  type: z.enum(['s3', 'custom_s3', 'local']),
  s3_access_key: secret(512),
  s3_secret_key: secret(1024),
  s3_bucket_name: text(255).regex(/^[a-z0-9][a-z0-9._-]+[a-z0-9]$/i, { error: 'must be the name of a bucket' }),
  s3_region: region.nullish(),
  custom_s3_region: region.nullish(),
  s3_endpoint: endpoint.nullish(),
  custom_s3_endpoint: endpoint.nullish(),
  path_style_endpoint: asBoolean,
  s3_prefix: folder,
  s3_max_parts: count(1, 10_000),
  path: folder,
});

export const newDestination = fields.partial().required({ label: true, type: true });
export const destinationChange = fields.partial();
export const listQuery = z.object({
  per_page: count(1, 100).default(15),
  page: count(1, maxInteger).default(1),
});

type Request = z.output<typeof destinationChange>;

/**
 * What a destination would be after a request: the request's fields over those of the one there is.
 * @throws Problem 422 when a kind of destination would lack what it needs
 */
export function toDestination(
  asked: Request & { label: string; type: Destination['type'] },
  current: Destination | null,
): NewDestination {
  const { label, type } = asked;
  if (type === 'local') {
    return { label, type, settings: { path: asked.path ?? (current?.type === 'local' ? current.settings.path : '') } };
  }
  const old = current && current.type !== 'local' ? current : null;
  const settings = {
    bucket: asked.s3_bucket_name ?? old?.settings.bucket,
    region: asked.s3_region ?? asked.custom_s3_region ?? old?.settings.region ?? null,
    endpoint: type === 's3' ? null : (asked.s3_endpoint ?? asked.custom_s3_endpoint ?? old?.settings.endpoint ?? null),
    pathStyle: asked.path_style_endpoint ?? old?.settings.pathStyle ?? false,
    prefix: (asked.s3_prefix ?? old?.settings.prefix ?? '').replace(/([^/])$/, '$1/'),
    maxParts: asked.s3_max_parts ?? old?.settings.maxParts ?? 10_000,
  };
  const accessKey = asked.s3_access_key ?? old?.accessKey;
  const secretKey = asked.s3_secret_key ?? old?.secretKey;
  const { bucket } = settings;
  const missing: FieldProblems = {};
  const need = (field: string, value: unknown) => {
    if (value === undefined || value === null) missing[field] = [`The ${field} field is required.`];
  };
  need('s3_access_key', accessKey);
  need('s3_secret_key', secretKey);
  need('s3_bucket_name', bucket);
  if (type === 's3') need('s3_region', settings.region);
  else need('custom_s3_endpoint', settings.endpoint);
  if (!accessKey || !secretKey || bucket === undefined || Object.keys(missing).length > 0) throw invalid(missing);
  return { label, type, settings: { ...settings, bucket }, accessKey, secretKey };
}

function endpointProblem(value: string): string | null {
  const url = URL.parse(value);
  if (!url || !/^https?:$/.test(url.protocol)) return 'must be an http:// or https:// URL';
  if (url.username !== '' || url.password !== '') return 'must not contain a user name or password';
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') return 'must end after the host and port';
  return hostProblem(url.hostname.replace(/^\[|\]$/g, ''));
}
