import { EntitySchema } from 'typeorm';
import type { Destination, DestinationType, LocalSettings, S3Settings } from '@holdfast/shared/domain';
import { insertedAt, instant, integer, json, numberKey, optional, text } from './columns.ts';
import { restricted } from './foreign-keys.ts';

/** A destination as it is stored: its keys are sealed. */
export type DestinationRow = Pick<
  Destination,
  'id' | 'accountId' | 'label' | 'createdAt' | 'updatedAt' | 'deletionRequestedAt' | 'capabilities'
> & {
  type: DestinationType;
  settings: S3Settings | LocalSettings;
  accessKey: string | null;
  secretKey: string | null;
  deletionAccessKey: string | null;
  deletionSecretKey: string | null;
};

export const destinationEntity = new EntitySchema<DestinationRow>({
  name: 'Destination',
  tableName: 'destinations',
  columns: {
    id: numberKey,
    accountId: integer,
    label: text,
    type: text,
    settings: json,
    accessKey: optional(text),
    secretKey: optional(text),
    deletionAccessKey: optional(text),
    deletionSecretKey: optional(text),
    capabilities: optional(json),
    createdAt: insertedAt,
    updatedAt: insertedAt,
    deletionRequestedAt: optional(instant),
  },
  uniques: [{ name: 'destinations_account_id_id_key', columns: ['accountId', 'id'] }],
  checks: [
    { name: 'destinations_access_key_check', expression: `access_key ~ '^v[0-9]+[.]'` },
    { name: 'destinations_secret_key_check', expression: `secret_key ~ '^v[0-9]+[.]'` },
    { name: 'destinations_keys_check', expression: '(access_key is null) = (secret_key is null)' },
    { name: 'destinations_deletion_access_key_check', expression: `deletion_access_key ~ '^v[0-9]+[.]'` },
    { name: 'destinations_deletion_secret_key_check', expression: `deletion_secret_key ~ '^v[0-9]+[.]'` },
    {
      name: 'destinations_deletion_keys_check',
      expression:
        '(deletion_access_key is null) = (deletion_secret_key is null) and (deletion_access_key is null or access_key is not null)',
    },
  ],
  foreignKeys: [restricted('destinations_account_fkey', 'Account', ['accountId'])],
});
