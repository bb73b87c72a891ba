import { engineTypes, verificationLevels } from '@holdfast/shared/domain';
import { z } from 'zod';

/** A secret never stands in the file: only where it is. */
export type SecretReference = { env: string } | { file: string };

const secret = z
  .union([z.strictObject({ env: z.string().min(1) }), z.strictObject({ file: z.string().min(1) })], {
    error:
      'must say where the secret is, {env: NAME} or {file: path}: the secret itself does not belong into this file',
  })
  .meta({ id: 'Secret', description: 'Where a secret is: an environment variable, or a file beside this one.' });

const seconds = z.int().min(0);
const count = z.int().min(1).nullable();
const name = z.string().min(1);
const destination = name.meta({ description: 'The label of a destination.' });

const retention = z.strictObject({
  keep_last: count.optional(),
  keep_days: count.optional(),
  hourly: count.optional(),
  daily: count.optional(),
  weekly: count.optional(),
  monthly: count.optional(),
  yearly: count.optional(),
  minimum: count.optional(),
});

const verification = z
  .strictObject({
    level: z.enum(verificationLevels),
    every: z.union([z.int().min(1), z.literal('weekly')]).optional(),
    scratch_database: name.nullable().optional(),
  })
  .nullable();

const names = z.array(z.string()).min(1).optional();
const options = z.strictObject({
  sslmode: z.enum(['disable', 'prefer', 'require', 'verify-ca', 'verify-full']).optional(),
  ca: z.string().optional(),
  globals: z.boolean().optional(),
  globals_passwords: z.boolean().optional(),
  include: z.strictObject({ schemas: names, tables: names }).optional(),
  exclude: z.strictObject({ schemas: names, tables: names, table_data: names }).optional(),
  definers: z.enum(['keep', 'strip']).optional(),
  ignore: z.array(z.string()).optional(),
  auth_source: z.string().optional(),
});

const hook = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('command'),
    command: z.string(),
    arguments: z.array(z.string()).optional(),
    timeout_seconds: z.number().positive().optional(),
  }),
  z.strictObject({
    type: z.literal('http'),
    url: z.string(),
    method: z.enum(['POST', 'PUT', 'GET']).optional(),
    headers: z.record(z.string(), secret).optional(),
    timeout_seconds: z.number().positive().optional(),
  }),
]);
const hooks = z.strictObject({ before: z.array(hook).optional(), after: z.array(hook).optional() }).nullable();

const objectives = z
  .strictObject({
    rpo_seconds: seconds.optional().meta({ description: 'How old the newest good backup may be.' }),
    level: z.enum(verificationLevels).optional().meta({ description: 'What must be proven of it.' }),
    rto_seconds: seconds.optional().meta({ description: 'How long a restore may take.' }),
  })
  .nullable();

const timing = { cron: z.string(), timezone: z.string().optional() };

const schedule = z.strictObject({
  ...timing,
  retention: retention.optional(),
  verification: verification.optional(),
  destination: destination.nullable().optional(),
  enabled: z.boolean().optional(),
  catch_up: z.enum(['skip', 'once', 'all']).optional(),
  catch_up_grace_seconds: seconds.optional(),
  overlap: z.enum(['queue', 'skip']).optional(),
  jitter_seconds: seconds.optional(),
  ping: z.strictObject({ url: secret }).nullable().optional(),
});

const reach = {
  host: z.string().optional(),
  port: z.int().min(1).max(65_535).optional(),
  user: z.string().optional(),
  password: secret.optional(),
  database: z.string().optional(),
  options: options.optional(),
  destination: destination.optional(),
};

const databaseFields = z.strictObject({
  type: z.enum(engineTypes),
  ...reach,
  server: name.optional().meta({ description: 'The remote server that backs it up.' }),
  hooks: hooks.optional(),
  objectives: objectives.optional(),
  schedules: z
    .array(schedule)
    .optional()
    .meta({ description: 'A schedule is known by its cron expression and time zone.' }),
});

const policyFields = z.strictObject({
  type: z.enum(engineTypes),
  ...reach,
  ...timing,
  include: z.array(z.string()).min(1).optional(),
  exclude: z.array(z.string()).optional(),
  globals: z.boolean().optional(),
  jitter_seconds: seconds.optional(),
  retention: retention.optional(),
  verification: verification.optional(),
  objectives: objectives.optional(),
  enabled: z.boolean().optional(),
});

const destinationFields = z.strictObject({
  type: z.enum(['s3', 'custom_s3', 'local']),
  s3_bucket_name: z.string().optional(),
  s3_region: z.string().optional(),
  s3_endpoint: z.string().optional(),
  path_style_endpoint: z.boolean().optional(),
  s3_prefix: z.string().optional(),
  s3_max_parts: z.int().min(1).optional(),
  s3_access_key: secret.optional(),
  s3_secret_key: secret.optional(),
  deletion_access_key: secret.optional(),
  deletion_secret_key: secret.optional(),
  object_lock: z
    .strictObject({ mode: z.enum(['governance', 'compliance']), days: z.int().min(1) })
    .nullable()
    .optional(),
  path: z.string().optional(),
});

const channelFields = z.strictObject({
  type: z.enum(['webhook', 'email', 'slack', 'discord', 'teams', 'ntfy']),
  enabled: z.boolean().optional(),
  url: secret.optional().meta({ description: 'Of every type but email: whoever knows it may write there.' }),
  token: secret.optional(),
  email: z
    .strictObject({
      host: z.string(),
      port: z.int().min(1).max(65_535).optional(),
      encryption: z.enum(['starttls', 'tls', 'none']).optional(),
      user: z.string().nullable().optional(),
      password: secret.optional(),
      from: z.string(),
      to: z.array(z.string()).min(1),
      ca_certificate: z.string().nullable().optional(),
    })
    .optional(),
  rules: z
    .strictObject({
      events: z.array(z.string()).min(1).nullable().optional(),
      least_severity: z.enum(['critical', 'warning', 'info']).optional(),
      databases: z.array(name).min(1).nullable().optional().meta({ description: 'Names of databases; null: all.' }),
      digest_minutes: z.int().min(1).nullable().optional(),
      repeat_hours: z.int().min(1).nullable().optional(),
      most_per_hour: z.int().min(1).optional(),
    })
    .optional(),
});

/** What `holdfast apply` reads. Each thing is known by the name that stands before it. */
export const fileSchema = z
  .strictObject({
    destinations: z.record(name, destinationFields).optional(),
    databases: z.record(name, databaseFields).optional(),
    policies: z.record(name, policyFields).optional(),
    notification_channels: z.record(name, channelFields).optional(),
  })
  .meta({ title: 'holdfast.yaml', description: 'Configuration as code for `holdfast apply`.' });

export type File = z.output<typeof fileSchema>;

/** The JSON schema of the file, for editors. */
export const jsonSchema = (): object => z.toJSONSchema(fileSchema, { io: 'input' });
