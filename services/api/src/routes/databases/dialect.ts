import type { Dialect } from '../../http/dialect.ts';

/** The database dialect, which also answers for all paths that no other dialect owns. */
export const databaseDialect: Dialect = {
  forms: false,
  unauthenticated: 'A valid token is needed: send it as "Authorization: Bearer <token>".',
  missingScope: (_method, scope) => `The token lacks the scope ${scope}.`,
  present: ({ message, fields }) => (fields ? { errors: fields } : { error: message }),
};
