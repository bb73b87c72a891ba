import { EntitySchema } from 'typeorm';
import type { Session } from '@holdfast/shared/domain';
import { hidden, insertedAt, instant, integer, text, uuid, uuidKey } from './columns.ts';
import { restricted } from './foreign-keys.ts';

export const sessionEntity = new EntitySchema<Session & { hash: string }>({
  name: 'Session',
  tableName: 'sessions',
  columns: {
    id: uuidKey,
    hash: hidden(text),
    tokenId: uuid,
    accountId: integer,
    createdAt: insertedAt,
    seenAt: insertedAt,
    expiresAt: instant,
  },
  uniques: [{ name: 'sessions_hash_key', columns: ['hash'] }],
  checks: [{ name: 'sessions_hash_check', expression: `hash ~ '^[0-9a-f]{64}$'` }],
  indices: [
    { name: 'sessions_token_id_idx', columns: ['tokenId'] },
    { name: 'sessions_expires_at_idx', columns: ['expiresAt'] },
  ],
  foreignKeys: [
    restricted('sessions_token_fkey', 'ApiToken', ['tokenId']),
    restricted('sessions_account_fkey', 'Account', ['accountId']),
  ],
});
