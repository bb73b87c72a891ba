import { engineTypes, errorCodes, type ErrorCode } from '@holdfast/shared/domain';
import { z } from 'zod';

export const idView = z.uuid().meta({
  id: 'Id',
  description: 'A UUID of version 7, so that ids sort by the time of their making.',
  examples: ['019a9f3e-52b2-7c31-9d5e-3f1f0c4a7b10'],
});

export const engineView = z.enum(engineTypes).meta({ id: 'Engine', description: 'The kind of database.' });

/** An integer of bytes. */
export const bytesView = z.int().min(0);

export const errorView = z
  .strictObject({
    code: z.enum(Object.keys(errorCodes) as ErrorCode[]),
    message: z.string().meta({ description: 'What was wrong and what helps, for people.' }),
  })
  .meta({
    id: 'Failure',
    description: 'Why work failed.',
    examples: [{ code: 'auth_failed', message: 'The database server refused the user name or password.' }],
  });
