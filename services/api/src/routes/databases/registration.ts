import { X509Certificate } from 'node:crypto';
import {
  defaultPorts,
  definersModes,
  engineTypes,
  isPath,
  tlsModes,
  type EngineType,
  type Registration,
} from '@holdfast/shared/domain';
import { z } from 'zod';
import { hostProblem } from '../../http/address.ts';
import { databaseProblem, longestPath } from './database-names.ts';
import { optionProblems } from './engine-options.ts';
import { givesHooks, hooksField, keptFromRemote } from './hooks-field.ts';
import { isUnprovable, objectivesField, unprovable } from './objectives-field.ts';
import { exclude, include } from './part-fields.ts';
import { integerId, looksLikeUuid, secret, serverName, text } from '../../http/fields.ts';

const isCertificate = (pem: string): boolean => {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
};

/** Stands in paths beside ids, hence what it must not be. */
export const name = text(63)
  .refine((value) => !value.includes('/') && value !== '.' && value !== '..', {
    error: 'must not contain "/" nor be "." or ".."',
  })
  .refine((value) => value.trim() === value, { error: 'must not begin or end with a space' })
  .refine((value) => !looksLikeUuid(value), { error: 'must not look like an id' });

export const host = z
  .string()
  .max(253)
  .check(({ value, issues }) => {
    const problem = hostProblem(value);
    if (problem) issues.push({ code: 'custom', input: value, message: problem });
  });

/** In the manner of `.gitignore`; more wildcards would take long to compare with long names. */
const ignorePattern = text(300)
  .refine((pattern) => /[^/]/.test(pattern), { error: 'must be a pattern' })
  .refine((pattern) => pattern.split(/\*+/).length <= 9, { error: 'must not have more than 8 wildcards' });

export const options = z.strictObject({
  sslmode: z.enum(tlsModes).optional(),
  ca: z.string().max(65_536).refine(isCertificate, { error: 'must be certificates in PEM form' }).optional(),
  globals: z.boolean().optional(),
  globals_passwords: z.boolean().optional(),
  include: include.optional(),
  exclude: exclude.optional(),
  definers: z.enum(definersModes).optional(),
  ignore: z.array(ignorePattern).max(1000).optional(),
  auth_source: serverName.optional(),
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
  database: text(longestPath).optional(),
  options: options.optional(),
  destination_id: integerId.optional(),
  objectives: objectivesField.optional().meta({
    description: 'What is asked of its backups; null or {}: what its policy asks or its schedules promise.',
  }),
  hooks: hooksField.optional().meta({ description: 'What is done around its backups; null or empty lists: nothing.' }),
});

const periodic = z.object({
  periodic_backups_enabled: z.boolean().optional(),
  periodic_backups_scheduled_at: hours.optional(),
});

/** The fields that say how our workers reach a database; those of a remote server are kept there. */
const reaching = ['host', 'port', 'user', 'password'] as const;
/** Who is meant where nobody is named: the server's own first user, or none. */
export const usualUsers: Readonly<Partial<Record<EngineType, string>>> = { redis: 'default', mongodb: '' };
/** What a connection to a server of that kind must have. */
export const requiredOf = (type: EngineType | undefined): ('host' | 'user')[] =>
  type === undefined || usualUsers[type] === undefined ? ['host', 'user'] : ['host'];

export const keptInPath = (type: EngineType): string =>
  `must not be given when type is ${type}: its database is a path`;

const registered = connection.extend(periodic.shape).superRefine(
  (asked, context) => {
    const wrong = (field: string, message: string): void =>
      context.addIssue({ code: 'custom', path: [field], message });
    // It may be anything here, as may the other fields.
    const type = engineTypes.find((known) => known === asked.type);
    if (type !== undefined) {
      for (const problem of optionProblems(type, asked.options ?? {})) wrong('options', problem);
      const isGiven = typeof asked.database === 'string' || asked.database === undefined;
      const name = isGiven ? databaseProblem({ type, isRemote: isRemote(asked) }, asked.database) : null;
      if (name !== null) wrong('database', name);
    }
    if (isRemote(asked)) {
      for (const field of reachingFields(asked)) wrong(field, keptOnServer);
      if (givesHooks(asked)) wrong('hooks', keptFromRemote);
      if (isUnprovable(asked.objectives, true)) wrong('objectives', unprovable);
    } else if (type !== undefined && isPath(type)) {
      for (const field of reachingFields({ ...asked, options: {} })) wrong(field, keptInPath(type));
    } else {
      for (const field of requiredOf(type)) if (asked[field] === undefined) wrong(field, 'is required');
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

/** What a request registers: with what is usual where it says nothing. */
export const toRegistration = (asked: z.output<typeof registered>): Registration => ({
  name: asked.name,
  type: asked.type,
  serverId: asked.server_id ?? null,
  host: asked.host ?? null,
  port: asked.port ?? (isRemote(asked) ? null : defaultPorts[asked.type]),
  user: asked.user ?? (asked.host === undefined ? null : (usualUsers[asked.type] ?? null)),
  password: asked.password ?? null,
  database: asked.database ?? (asked.type === 'redis' ? '0' : asked.name),
  options: asked.options ?? {},
});

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
    { database: { name: 'cache', type: 'sqlite', database: '/srv/app/cache.db', destination_id: 1 } },
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
