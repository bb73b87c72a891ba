/** A column that holds sealed secrets, and the context that each is sealed for. */
export interface SealedColumn {
  table: string;
  column: string;
  /** The row's key, of which the context is made. */
  key: readonly string[];
  context: (key: readonly string[]) => string;
}

const ofRow =
  (table: string, column: string) =>
  ([id = '']: readonly string[]): string =>
    `${table}.${id}.${column}`;

const byId = (table: string, column: string): SealedColumn => ({
  table: `holdfast.${table}`,
  column,
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
  byId('databases', 'password'),
  byId('databases', 'hooks'),
  byId('policies', 'password'),
  byId('notification_channels', 'secrets'),
  byId('destinations', 'access_key'),
  byId('destinations', 'secret_key'),
  byId('destinations', 'deletion_access_key'),
  byId('destinations', 'deletion_secret_key'),
  {
    table: 'holdfast.idempotency_keys',
    column: 'answer',
    key: ['account_id', 'key'],
    context: ([accountId = '', key = '']) => answerContext(accountId, key),
  },
];
