import { z } from 'zod';
import type { Dialect } from '../../http/dialect.ts';
import { fieldProblems } from '../../http/problem.ts';

export const backupsV1Dialect: Dialect = {
  name: 'Backups v1',
  description: 'Backups by their ids alone: files, download, restore, deletion.',
  forms: false,
  unauthenticated: 'Unauthenticated.',
  missingScope: (_method, scope) => `The token lacks the scope ${scope}.`,
  present: ({ message, fields }) => (fields ? { message, errors: fields } : { message }),
  shapes: {
    invalid: z.strictObject({ message: z.string(), errors: fieldProblems }).meta({
      id: 'BackupsV1Invalid',
      examples: [
        {
          message: 'The compute.server_id field is required with type.',
          errors: { 'compute.server_id': ['The compute.server_id field is required with type.'] },
        },
      ],
    }),
    refusal: z.strictObject({ message: z.string() }).meta({
      id: 'BackupsV1Error',
      examples: [{ message: 'This backup does not exist.' }],
    }),
  },
};
