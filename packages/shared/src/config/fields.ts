import { z } from 'zod';

/** Entries separated by commas. */
export const list = z
  .string()
  .default('')
  .transform((text) =>
    text
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== ''),
  );

export const absolutePath = z.string().startsWith('/', 'must be an absolute path');

export const logLevel = z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info');

export const seconds = (fallback: number) => z.coerce.number().positive().default(fallback);
