import { z } from 'zod';
import type { Dialect } from '../../http/dialect.ts';
import { fieldProblems } from '../../http/problem.ts';

/** The database dialect, which also answers for all paths that no other dialect owns. */
export const databaseDialect: Dialect = {
  name: 'Databases',
  description: 'Databases, their backups, restores and schedules; and what belongs to the service as a whole.',
  forms: false,
  unauthenticated: 'A valid token is needed: send it as "Authorization: Bearer <token>".',
  missingScope: (_method, scope) => `The token lacks the scope ${scope}.`,
  present: ({ message, fields }) => (fields ? { errors: fields } : { error: message }),
  shapes: {
    invalid: z.strictObject({ errors: fieldProblems }).meta({
      id: 'DatabaseInvalid',
      examples: [{ errors: { cron: ['The cron field is required.'] } }],
    }),
    refusal: z.strictObject({ error: z.string() }).meta({
      id: 'DatabaseError',
      examples: [{ error: 'This backup does not exist.' }],
    }),
  },
};
