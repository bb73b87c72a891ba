import { EntitySchema } from 'typeorm';
import type { Database } from '@holdfast/shared/domain';
import { flag, insertedAt, instant, integer, json, optional, text, uuid, uuidKey } from './columns.ts';
import { restricted, withinAccount } from './foreign-keys.ts';

/** A database as it is stored: its password and its hooks are sealed. */
export type DatabaseRow = Omit<Database, 'password' | 'hooks'> & { password: string | null; hooks: string | null };

export const databaseEntity = new EntitySchema<DatabaseRow>({
  name: 'Database',
  tableName: 'databases',
  columns: {
    id: uuidKey,
    accountId: integer,
    name: text,
    type: text,
    serverId: optional(integer),
    host: optional(text),
    port: optional(integer),
    user: optional(text),
    password: optional(text),
    database: text,
    options: json,
    destinationId: integer,
    objectives: optional(json),
    hooks: optional(text),
    policyId: optional(uuid),
    vanishedAt: optional(instant),
    vanishExpected: optional(flag),
    createdAt: insertedAt,
    updatedAt: insertedAt,
  },
  uniques: [
    { name: 'databases_account_id_id_key', columns: ['accountId', 'id'] },
    { name: 'databases_account_id_name_key', columns: ['accountId', 'name'] },
  ],
  checks: [
    { name: 'databases_port_check', expression: 'port between 1 and 65535' },
    {
      name: 'databases_connection_check',
      expression: `(host is null) = (port is null) and (host is null) = ("user" is null) and (server_id is null or host is null)`,
    },
    {
      name: 'databases_vanished_check',
      expression:
        '(vanished_at is null or policy_id is not null) and (vanish_expected is null or vanished_at is not null)',
    },
    { name: 'databases_password_check', expression: `password ~ '^v[0-9]+[.]'` },
    { name: 'databases_hooks_check', expression: `hooks ~ '^v[0-9]+[.]'` },
  ],
  indices: [
    { name: 'databases_destination_id_idx', columns: ['destinationId'] },
    { name: 'databases_server_id_idx', columns: ['serverId'] },
    {
      name: 'databases_policy_key',
      columns: ['policyId', 'database'],
      unique: true,
      where: 'policy_id is not null',
    },
  ],
  foreignKeys: [
    restricted('databases_account_fkey', 'Account', ['accountId']),
    withinAccount('databases_destination_fkey', 'Destination', 'destinationId'),
    withinAccount('databases_server_fkey', 'Server', 'serverId'),
    withinAccount('databases_policy_fkey', 'ServerPolicy', 'policyId'),
  ],
});
