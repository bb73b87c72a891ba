import { EntitySchema } from 'typeorm';
import type { RemoteUpload } from '../repositories/index.ts';
import { bytes, hidden, insertedAt, instant, integer, optional, text, uuidKey } from './columns.ts';
import { restricted } from './foreign-keys.ts';

export const remoteUploadEntity = new EntitySchema<RemoteUpload & { completingUntil: Date | null }>({
  name: 'RemoteUpload',
  tableName: 'remote_uploads',
  columns: {
    backupId: uuidKey,
    attempt: integer,
    key: text,
    uploadId: text,
    size: bytes,
    partSize: bytes,
    completingUntil: hidden(optional(instant)),
    createdAt: insertedAt,
  },
  foreignKeys: [
    restricted('remote_uploads_attempt_fkey', 'BackupAttempt', ['backupId', 'attempt'], ['backupId', 'attempt']),
  ],
});
