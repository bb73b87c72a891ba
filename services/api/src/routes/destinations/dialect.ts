import { STATUS_CODES } from 'node:http';
import type { Scope } from '@holdfast/shared/domain';
import { z } from 'zod';
import type { Dialect } from '../../http/dialect.ts';
import { fieldProblems } from '../../http/problem.ts';

/** What the original calls the scopes. */
const abilities: Partial<Record<Scope, string>> = {
  'destinations:read': 'view-backup-destinations',
  'destinations:create': 'create-backup-destinations',
  'destinations:update': 'update-backup-destinations',
  'destinations:delete': 'delete-backup-destinations',
};

export const destinationDialect: Dialect = {
  name: 'Destinations',
  description: 'Where backups are kept.',
  forms: true,
  unauthenticated: 'Unauthenticated.',
  missingScope: (_method, scope) =>
    `Access denied due to insufficient permissions. Required token ability scopes: ${abilities[scope] ?? scope}`,
  present: ({ status, message, fields, aboutToken }) => {
    if (fields) return { message, errors: fields };
    return aboutToken ? { message } : { error: STATUS_CODES[status], message };
  },
  shapes: {
    invalid: z.strictObject({ message: z.string(), errors: fieldProblems }).meta({
      id: 'DestinationInvalid',
      examples: [
        {
          message: 'The label field is required. (and 1 more error)',
          errors: { label: ['The label field is required.'], type: ['The type field is required.'] },
        },
      ],
    }),
    refusal: z
      .strictObject({
        error: z.string().optional().meta({ description: 'Absent where the refusal concerns the token.' }),
        message: z.string(),
      })
      .meta({
        id: 'DestinationError',
        examples: [
          { error: 'Not Found', message: 'Backup destination not found' },
          { error: 'Forbidden', message: 'You are not authorized to access this backup destination' },
          { message: 'Unauthenticated.' },
        ],
      }),
  },
};
