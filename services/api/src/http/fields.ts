import { noDatabaseName, Secret } from '@holdfast/shared/domain';
import { z } from 'zod';

const uuidForm = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export const looksLikeUuid = (value: string): boolean => uuidForm.test(value);

/** The largest number of a PostgreSQL `integer`. */
export const maxInteger = 2_147_483_647;

/** The number of a row that a path names; null where it can be none. */
export function rowNumber(text: string): number | null {
  const number = /^[1-9]\d{0,9}$/.test(text) ? Number(text) : Infinity;
  return number <= maxInteger ? number : null;
}

/** Text on one line that PostgreSQL can keep: no control characters (NUL among them), no halves of surrogate pairs. */
export const isPlainText = (value: string): boolean => value.isWellFormed() && !/\p{Cc}/u.test(value);

const plainText = { error: 'must not contain control characters' };

export const text = (longest: number) => z.string().min(1).max(longest).refine(isPlainText, plainText);

/** A name on a PostgreSQL server, which keeps 63 bytes of it. */
export const serverName = z
  .string()
  .min(1)
  .refine((value) => Buffer.byteLength(value) <= 63, { error: 'must not be longer than 63 bytes' })
  .refine(isPlainText, plainText);

/** The same for a database: client programs read some names as connection strings, which could lead them to another server. */
export const databaseName = serverName.refine((value) => !noDatabaseName.test(value), {
  error: 'must not begin with "-" or "postgres://" nor contain "=", because client programs do not read that as a name',
});

/** A secret, wrapped as soon as it is read. */
export const secret = (longest: number) => text(longest).transform((value) => new Secret(value));

function isHttpUrl(value: string): boolean {
  if (!isPlainText(value) || !URL.canParse(value)) return false;
  const { protocol, username, password, hash, hostname } = new URL(value);
  return /^https?:$/.test(protocol) && hostname !== '' && username === '' && password === '' && hash === '';
}

/** Where a request of ours can go. */
export const httpUrl = z
  .string()
  .max(2048)
  .refine(isHttpUrl, { error: 'must be an http:// or https:// URL without a user, a password and a fragment' });

/** A number in a query: digits, so that an empty value is never 0. */
export const wholeNumber = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, { error: 'must be a whole number' })
    .transform(Number)
    .pipe(z.int().min(least).max(most));

export const integerId = z.int().min(1).max(maxInteger);

/** The entries of an object that were given. */
export function given<T extends object>(entries: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
