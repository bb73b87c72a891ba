import { EntitySchema } from 'typeorm';
import type { Account, ApiToken } from '@holdfast/shared/domain';
import { insertedAt, instant, integer, hidden, numberKey, optional, text, uuidKey } from './columns.ts';
import { restricted } from './foreign-keys.ts';

/** When one of its rows was last chosen to begin, for the order between accounts. */
interface Turns {
  backupsTurnAt: Date | null;
  restoresTurnAt: Date | null;
  verificationsTurnAt: Date | null;
  runsTurnAt: Date | null;
}

export const accountEntity = new EntitySchema<Account & Turns>({
  name: 'Account',
  tableName: 'accounts',
  columns: {
    id: numberKey,
    name: text,
    createdAt: insertedAt,
    backupsTurnAt: hidden(optional(instant)),
    restoresTurnAt: hidden(optional(instant)),
    verificationsTurnAt: hidden(optional(instant)),
    runsTurnAt: hidden(optional(instant)),
  },
  uniques: [{ name: 'accounts_name_key', columns: ['name'] }],
  checks: [{ name: 'accounts_name_check', expression: `name <> ''` }],
});

export const apiTokenEntity = new EntitySchema<ApiToken & { hash: string }>({
  name: 'ApiToken',
  tableName: 'api_tokens',
  columns: {
    id: uuidKey,
    accountId: integer,
    name: text,
    hash: hidden(text),
    scopes: { ...text, array: true },
    createdAt: insertedAt,
    expiresAt: optional(instant),
    lastUsedAt: optional(instant),
    revokedAt: optional(instant),
  },
  uniques: [{ name: 'api_tokens_hash_key', columns: ['hash'] }],
  checks: [{ name: 'api_tokens_hash_check', expression: `hash ~ '^[0-9a-f]{64}$'` }],
  indices: [{ name: 'api_tokens_account_id_idx', columns: ['accountId'] }],
  foreignKeys: [restricted('api_tokens_account_fkey', 'Account', ['accountId'])],
});
