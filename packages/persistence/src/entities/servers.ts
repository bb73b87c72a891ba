import { EntitySchema } from 'typeorm';
import type { Server } from '@holdfast/shared/domain';
import { hidden, insertedAt, instant, integer, numberKey, optional, text } from './columns.ts';
import { restricted } from './foreign-keys.ts';

export const serverEntity = new EntitySchema<Server & { tokenHash: string }>({
  name: 'Server',
  tableName: 'servers',
  columns: {
    id: numberKey,
    accountId: integer,
    name: text,
    tokenId: text,
    tokenHash: hidden(text),
    createdAt: insertedAt,
    lastSeenAt: optional(instant),
  },
  uniques: [
    { name: 'servers_account_id_id_key', columns: ['accountId', 'id'] },
    { name: 'servers_account_id_name_key', columns: ['accountId', 'name'] },
    { name: 'servers_token_id_key', columns: ['tokenId'] },
  ],
  checks: [
    { name: 'servers_token_id_check', expression: `token_id ~ '^[0-9A-Za-z]{16}$'` },
    { name: 'servers_token_hash_check', expression: `token_hash ~ '^[0-9a-f]{64}$'` },
  ],
  foreignKeys: [restricted('servers_account_fkey', 'Account', ['accountId'])],
});
