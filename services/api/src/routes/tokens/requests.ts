import { scopeNames, scopesNamed } from '@holdfast/shared/domain';
import { z } from 'zod';
import { text } from '../../http/fields.ts';
import { invalid } from '../../http/problem.ts';

const longestDays = 99_999;
/** Times are written with years of four digits; an offset could lead beyond. */
const latest = new Date('9999-12-31T23:59:59.999Z');

const scopeList = z
  .array(z.enum(scopeNames))
  .min(1, { error: 'must name at least one scope' })
  .max(100, { error: 'must not name more than 100 scopes' })
  .transform(scopesNamed);

export const newToken = z
  .object({
    token: z.object({
      name: text(255),
      scopes: scopeList,
      expires_at: z.iso
        .datetime({ offset: true, error: 'must be a time such as 2027-01-31T12:00:00Z' })
        .transform((at) => new Date(at))
        .refine((at) => at <= latest, { error: 'must not be after the year 9999' })
        .nullish(),
      expires_in_days: z.int().min(1).max(longestDays).nullish(),
    }),
  })
  .meta({ examples: [{ token: { name: 'nightly', scopes: ['backups:create'], expires_in_days: 365 } }] });

/**
 * When a new token ends; null: never.
 * @throws Problem 422 when that was asked for twice or is not in the future
 */
export function expiryOf({ token }: z.output<typeof newToken>, now: Date): Date | null {
  const { expires_at: at = null, expires_in_days: days = null } = token;
  if (at !== null && days !== null) {
    throw invalid({ expires_in_days: ['The expires_in_days field must not be given beside expires_at.'] });
  }
  if (at !== null && at <= now) throw invalid({ expires_at: ['The expires_at field must be in the future.'] });
  return days === null ? at : new Date(now.getTime() + days * 86_400_000);
}
