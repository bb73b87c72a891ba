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
  globals: z.boolean().optional(),
});

const hour = z.int().min(0).max(23);
const hours = z.union([hour.transform((one) => [one]), z.array(hour).min(1).max(24)], {
  error: 'must be an hour from 0 to 23 (UTC) or a list of such hours',
});

const connection = z.object({
  name,
  type: z.enum(engineTypes),
  server_id: integerId.nullish().meta({ description: 'The remote server that backs it up, by its own configuration.' }),
  host: host.optional(),
  port: z.int().min(1).max(65_535).optional(),
  user: serverName.optional(),
  password: z.preprocess((value) => (value === '' ? null : value), secret(1024).nullable()).optional(),
  database: databaseName.optional(),
  options: options.optional(),
  destination_id: integerId.optional(),
});

const periodic = z.object({
  periodic_backups_enabled: z.boolean().optional(),
  periodic_backups_scheduled_at: hours.optional(),
});

/** The fields that say how our workers reach a database; those of a remote server are kept there. */
const reaching = ['host', 'port', 'user', 'password'] as const;
const required = ['host', 'user'] as const;

const registered = connection.extend(periodic.shape).superRefine(
  (asked, context) => {
    const wrong = (field: string, message: string): void =>
      context.addIssue({ code: 'custom', path: [field], message });
    if (isRemote(asked)) {
      for (const field of reachingFields(asked)) wrong(field, keptOnServer);
    } else if (asked.type === 'files') {
      wrong('server_id', 'is required when type is files: only a remote server reads its directories');
    } else {
      for (const field of required) if (asked[field] === undefined) wrong(field, 'is required');
    }
  },
  // Whatever else is wrong, so that all problems are told at once.
  { when: ({ value }) => typeof value === 'object' && value !== null },
);

export const keptOnServer = 'must not be given with a server_id: it is kept on that server';

export const isRemote = ({ server_id: id }: { server_id?: number | null | undefined }): boolean =>
  id !== undefined && id !== null;

/** Those of them that a request gives; empty options say nothing. */
export function reachingFields(asked: { [K in (typeof reaching)[number] | 'options']?: unknown }): string[] {
  const given = reaching.filter((field) => asked[field] !== undefined && asked[field] !== null);
  return Object.keys(asked.options ?? {}).length === 0 ? given : [...given, 'options'];
}

export const newDatabase = z.object({ database: registered }).meta({
  examples: [
    {
      database: {
        name: 'my-db-123',
        type: 'postgresql',
        host: 'db.example.org',
        port: 5432,
        user: 'backup',
        password: 'your_password',
        database: 'shop',
        options: { sslmode: 'verify-full' },
        destination_id: 1,
      },
    },
    { database: { name: 'uploads', type: 'files', server_id: 3, destination_id: 1 } },
  ],
});
export const databaseChange = z.object({ database: connection.partial().extend(periodic.shape) }).meta({
  examples: [
    { database: { periodic_backups_enabled: true, periodic_backups_scheduled_at: 3 } },
    { database: { periodic_backups_enabled: true, periodic_backups_scheduled_at: [3, 15] } },
  ],
});

export type PeriodicRequest = z.output<typeof periodic>;
export type DatabaseChange = z.output<typeof databaseChange>['database'];
