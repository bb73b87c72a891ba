import { computeTypes } from '@holdfast/shared/domain';
import { z } from 'zod';
import { longestPath } from './databases/database-names.ts';
import { maxInteger, serverName, text } from '../http/fields.ts';

const forms = '{"in_place": true}, {"database_id": "<id>"} or {"new_database": "<name>"}';
export const mustBeTarget = `must be ${forms} with a name that the server can take`;

export const restoreTarget = z
  .union(
    [
      z.strictObject({ in_place: z.literal(true) }),
      z.strictObject({ database_id: z.string() }),
      z.strictObject({ new_database: text(longestPath) }),
    ],
    { error: mustBeTarget },
  )
  .meta({
    description:
      'Where the content goes: onto the database itself (as without it), another registered one, or a new one.',
  });

export const restoreFiles = z
  .array(z.string())
  .min(1, { error: 'must hold at least one id: leave it out to restore the usual files' })
  .refine((ids) => new Set(ids).size === ids.length, { error: 'must not hold an id twice' })
  .meta({
    description:
      'Ids of files of the backup; when absent the dump, and the server’s roles only where `ownership` is `keep` and all of it is restored.',
  });

export const restoreCompute = z
  .object({ type: z.enum(computeTypes).optional(), server_id: z.int().min(0).max(maxInteger).optional() })
  .superRefine((asked, context) => {
    for (const [field, other] of [
      ['type', 'server_id'],
      ['server_id', 'type'],
    ] as const) {
      if (asked[field] !== undefined || asked[other] === undefined) continue;
      context.addIssue({
        code: 'custom',
        path: [field],
        message: `is required with ${other}`,
        params: { rule: 'required' },
      });
    }
  })
  .meta({
    description: 'Where the restore runs: `server` 0 is the pool of workers, `ss_agent` a registered remote server.',
  });

/** Names in one selection; more are better restored as a whole. */
const mostNames = 1000;

/** A name as SQL has it: bare, or in double quotes with those in it doubled. */
const sqlName = '(?:"(?:[^"]|"")+"|[^".]+)';
const qualified = new RegExp(`^${sqlName}\\.${sqlName}$`);

const tableName = text(300).regex(qualified, {
  error: 'must be a schema and a table as SQL writes them, such as public.orders or "My schema"."My table"',
});

export const restoreSelection = z
  .strictObject({
    schemas: z.array(serverName).max(mostNames).default([]),
    tables: z.array(tableName).max(mostNames).default([]),
  })
  .refine(({ schemas, tables }) => schemas.length + tables.length > 0, {
    error: 'must name at least one schema or table: leave it out to restore everything',
  })
  .meta({
    description:
      'Schemas and tables to restore, with what belongs to them; everything when absent. Only into a new database.',
    examples: [{ tables: ['public.orders'] }, { schemas: ['billing'] }],
  });

/** Most hours for which former content is kept: a year. */
const mostKeepHours = 8760;

export const restoreKeepHours = z.int().min(0).max(mostKeepHours).meta({
  description:
    'How long a restore in place keeps the former content beside the new one, for an undo; 0: not at all. HOLDFAST_FORMER_HOURS when absent.',
});

export const restoreAllowDamaged = z.boolean().meta({
  description:
    'Tries also a backup that was found damaged; what does not match its digests is never put in place all the same.',
});
