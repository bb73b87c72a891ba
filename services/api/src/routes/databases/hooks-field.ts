import {
  hookCommandName,
  httpHookMethods,
  mostHooks,
  ownHeaders,
  type Hook,
  type Hooks,
} from '@holdfast/shared/domain';
import { z } from 'zod';
import { httpUrl, secret } from '../../http/fields.ts';

const mostArguments = 20;
const mostHeaders = 20;
const usualSeconds = 60;

const timeoutSeconds = z.number().min(0.1).max(86_400).default(usualSeconds).meta({
  description: 'Up to HOLDFAST_HOOK_SECONDS; what takes longer is ended and has failed.',
});

const command = z
  .strictObject({
    type: z.literal('command'),
    command: z.string().regex(hookCommandName, {
      error: 'must be the name of a file: letters, digits, ".", "_" and "-", beginning with none of ".-"',
    }),
    arguments: z
      .array(
        z
          .string()
          .max(1024)
          .refine((value) => !value.includes('\0') && value.isWellFormed(), { error: 'must not contain NUL' }),
      )
      .max(mostArguments)
      .default([])
      .meta({ description: 'Given to it as they are, without a shell. Everybody on that machine can read them.' }),
    timeout_seconds: timeoutSeconds,
  })
  .transform(({ timeout_seconds: seconds, ...hook }): Hook => ({ ...hook, timeoutSeconds: seconds }));

const headerName = z
  .string()
  .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/, { error: 'must be the name of a header' })
  .refine((name) => !ownHeaders.has(name.toLowerCase()), { error: 'must not be a header of the connection itself' });

const http = z
  .strictObject({
    type: z.literal('http'),
    url: httpUrl,
    method: z.enum(httpHookMethods).default('POST'),
    headers: z
      .record(headerName, secret(4096))
      .refine((headers) => Object.keys(headers).length <= mostHeaders, { error: `must be ${mostHeaders} at most` })
      .refine(
        (headers) =>
          new Set(Object.keys(headers).map((name) => name.toLowerCase())).size === Object.keys(headers).length,
        {
          error: 'must not name a header twice',
        },
      )
      .default({})
      .meta({ description: 'Their values are kept sealed and never shown again.' }),
    timeout_seconds: timeoutSeconds,
  })
  .transform(({ timeout_seconds: seconds, ...hook }): Hook => ({ ...hook, timeoutSeconds: seconds }));

const list = z
  .array(z.discriminatedUnion('type', [command, http]))
  .max(mostHooks)
  .default([]);

/** What is done around the database's backups; replaced as a whole, headers included. */
export const hooksField = z
  .strictObject({ before: list, after: list })
  .transform((hooks): Hooks | null => (hooks.before.length + hooks.after.length === 0 ? null : hooks))
  .nullable();

export const keptFromRemote = 'must not be given with a server_id: only our own workers run hooks, see docs/hooks.md';

/** Whether a request gives hooks; null takes them away. */
export const givesHooks = ({ hooks }: { hooks?: Hooks | null | undefined }): boolean =>
  hooks !== undefined && hooks !== null;
