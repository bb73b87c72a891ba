import { isForgotten, isUnreadable, type Secret } from '@holdfast/shared/domain';
import { z } from 'zod';

/** Of an object that keeps secrets sealed. */
export const forgottenView = {
  forgotten: z.array(z.string()).optional().meta({
    description:
      'The fields that were forgotten with the key that sealed them, and have to be set again; absent: none.',
  }),
  unreadable: z.array(z.string()).optional().meta({
    description:
      'The fields that no configured key opens: they are there again when their key is, or are set again; absent: none.',
  }),
};

/** @param given whether it was forgotten, or the secret itself, by the field that sets it */
export function presentForgotten(
  given: Readonly<Record<string, boolean | Secret | null | undefined>>,
): z.input<z.ZodObject<typeof forgottenView>> {
  const fields = (is: (value: boolean | Secret | null | undefined) => boolean): string[] =>
    Object.keys(given).filter((name) => is(given[name]));
  const forgotten = fields((value) => (typeof value === 'boolean' ? value : isForgotten(value)));
  const unreadable = fields(isUnreadable);
  return { ...(forgotten.length > 0 ? { forgotten } : {}), ...(unreadable.length > 0 ? { unreadable } : {}) };
}
