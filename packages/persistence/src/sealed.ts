import { ForgottenSecret, isForgotten, isUnreadable, type Secret } from '@holdfast/shared/domain';
import type { SecretBox } from '@holdfast/shared/security';

/** A column that holds sealed secrets, and the context that each is sealed for. */
export interface SealedColumn {
  table: string;
  column: string;
  /** What it holds, for people. */
  what: string;
  /** What to do when it was forgotten. */
  remedy: string;
  /** The row's key, of which the context is made. */
  key: readonly string[];
  context: (key: readonly string[]) => string;
}

const ofRow =
  (table: string, column: string) =>
  ([id = '']: readonly string[]): string =>
    `${table}.${id}.${column}`;

const byId = (table: string, column: string, what: string): SealedColumn => ({
  table: `holdfast.${table}`,
  column,
  what,
  remedy: 'set it again',
  key: ['id'],
  context: ofRow(table, column),
});

export type DestinationKey = 'access_key' | 'secret_key' | 'deletion_access_key' | 'deletion_secret_key';

export const passwordContext = (id: string): string => ofRow('databases', 'password')([id]);
export const policyPasswordContext = (id: string): string => ofRow('policies', 'password')([id]);
export const hooksContext = (id: string): string => ofRow('databases', 'hooks')([id]);
export const channelContext = (id: string): string => ofRow('notification_channels', 'secrets')([id]);
export const keyContext = (id: number, key: DestinationKey): string => ofRow('destinations', key)([String(id)]);
export const answerContext = (accountId: number | string, key: string): string =>
  `idempotency_keys.${accountId}.${key}.answer`;

/** All of them: what is missing here is lost when its key is taken away. A test compares them with the schema. */
export const sealedColumns: readonly SealedColumn[] = [
  byId('databases', 'password', 'password of a database'),
  byId('databases', 'hooks', 'hooks of a database'),
  byId('policies', 'password', 'password of a policy'),
  byId('notification_channels', 'secrets', 'address and secrets of a notification channel'),
  byId('destinations', 'access_key', 'access key of a destination'),
  byId('destinations', 'secret_key', 'secret key of a destination'),
  byId('destinations', 'deletion_access_key', 'access key for deletions of a destination'),
  byId('destinations', 'deletion_secret_key', 'secret key for deletions of a destination'),
  {
    table: 'holdfast.idempotency_keys',
    column: 'answer',
    what: 'answer to a request with an Idempotency-Key',
    remedy: 'look what became of the request before you make it under another key',
    key: ['account_id', 'key'],
    context: ([accountId = '', key = '']) => answerContext(accountId, key),
  },
];

/** In place of a sealed text whose key is lost. Seals nothing, so it needs no key and outlasts all of them. */
export const forgotten = 'v0.forgotten';

/** What was forgotten, or does not open, throws where it is used. */
export function openSealed(box: SecretBox, sealed: string, context: string): Secret {
  const [table, ...key] = context.split('.');
  const column = key.pop();
  const known = sealedColumns.find((one) => one.table === `holdfast.${table}` && one.column === column);
  if (!known) throw new Error(`Nothing is sealed for ${context}.`);
  const what = `${known.what} (${key.join('.')})`;
  if (sealed !== forgotten) return box.openOrKeep(sealed, context, what);
  return new ForgottenSecret(`The ${what} was forgotten with the key that sealed it: ${known.remedy}.`);
}

/**
 * What was forgotten or does not open stays so, where other things of its row are set.
 * @throws HoldfastError secret_unreadable, when that is not where it is sealed for
 */
export function sealSecret(box: SecretBox, secret: Secret, context: string): string {
  if (isUnreadable(secret)) return secret.keptFor(context);
  return isForgotten(secret) ? forgotten : box.seal(secret, context);
}
