import { STATUS_CODES } from 'node:http';
import type { Dialect } from '../../http/dialect.ts';

const verbs: Record<string, string> = { GET: 'view', POST: 'create', PUT: 'update', DELETE: 'delete' };

export const destinationDialect: Dialect = {
  forms: true,
  unauthenticated: 'Unauthenticated.',
  missingScope: (method) =>
    `Access denied due to insufficient permissions. Required token ability scopes: ${verbs[method] ?? 'view'}-backup-destinations`,
  present: ({ status, message, fields, aboutToken }) => {
    if (fields) return { message, errors: fields };
    return aboutToken ? { message } : { error: STATUS_CODES[status], message };
  },
};
