import { X509Certificate } from 'node:crypto';
import { engineTypes, tlsModes } from '@holdfast/shared/domain';
import { z } from 'zod';
import { hostProblem } from '../../http/address.ts';
import { databaseName, integerId, looksLikeUuid, secret, serverName, text } from '../../http/fields.ts';

const isCertificate = (pem: string): boolean => {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
};

/** Stands in paths beside ids, hence what it must not be. */
const name = text(63)
  .refine((value) => !value.includes('/') && value !== '.' && value !== '..', {
    error: 'must not contain "/" nor be "." or ".."',
  })
  .refine((value) => value.trim() === value, { error: 'must not begin or end with a space' })
  .refine((value) => !looksLikeUuid(value), { error: 'must not look like an id' });

const host = z
  .string()
  .max(253)
  .check(({ value, issues }) => {
    const problem = hostProblem(value);
    if (problem) issues.push({ code: 'custom', input: value, message: problem });
  });

const options = z.strictObject({
  sslmode: z.enum(tlsModes).optional(),
  ca: z.string().max(65_536).refine(isCertificate, { error: 'must be certificates in PEM form' }).optional(),
});

const hour = z.int().min(0).max(23);
const hours = z.union([hour.transform((one) => [one]), z.array(hour).min(1).max(24)], {
  error: 'must be an hour from 0 to 23 (UTC) or a list of such hours',
});

const connection = z.object({
  name,
  type: z.enum(engineTypes),
  host,
  port: z.int().min(1).max(65_535),
  user: serverName,
  password: z.preprocess((value) => (value === '' ? null : value), secret(1024).nullable()).optional(),
  database: databaseName.optional(),
  options: options.optional(),
  destination_id: integerId.optional(),
});

const periodic = z.object({
  periodic_backups_enabled: z.boolean().optional(),
  periodic_backups_scheduled_at: hours.optional(),
});

export const newDatabase = z.object({ database: connection.extend(periodic.shape) });
export const databaseChange = z.object({ database: connection.partial().extend(periodic.shape) });

export type PeriodicRequest = z.output<typeof periodic>;
export type DatabaseChange = z.output<typeof databaseChange>['database'];
