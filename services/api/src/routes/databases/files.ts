import { fileRoles, type BackupFile } from '@holdfast/shared/domain';
import { z } from 'zod';
import { route } from '../../http/route.ts';
import { bytesView, idView } from '../../presenters/values.ts';
import { databaseDialect as dialect } from './dialect.ts';
import { ownedBackupOf } from './owned.ts';

/** A stored object of a backup, as the database dialect shows it. */
const fileView = z
  .strictObject({
    id: idView,
    role: z.enum(fileRoles).meta({
      description: '`dump`; `globals`, roles and tablespaces; `content`, what a verification compares with.',
    }),
    name: z.string(),
    key: z.string().meta({ description: 'In the destination, below its own prefix.' }),
    size: bytesView.meta({ description: 'Stored bytes.' }),
    checksum: z
      .string()
      .meta({ description: 'Of the stored bytes: `sha256:<hex>`; of a remote server also `sha1:`, `md5:`.' }),
    plain_size: bytesView.nullable().meta({ description: 'Bytes that were made; null where nobody said.' }),
    plain_sha256: z.string().nullable(),
  })
  .meta({
    id: 'File',
    examples: [
      {
        id: '01991f4e-77aa-7d3e-9c21-045c31f2234c',
        role: 'dump',
        name: 'dump.pgdump.zst',
        key: '01991f4c-9a10-7c55-b6d1-597601234ffb/2026/09/01991f4d-3b52-7e4c-8f0a-5b8b36104ffb/a1/dump.pgdump.zst',
        size: 17_484_513_608,
        checksum: 'sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae',
        plain_size: 61_203_283_968,
        plain_sha256: 'fcde2b2edba56bf408601fb721fe9b5c338d10ee429ea04fae5511b68fbf8fb9',
      },
    ],
  });

const presentFile = (file: BackupFile): z.input<typeof fileView> => ({
  id: file.id,
  role: file.role,
  name: file.name,
  key: file.key,
  size: file.size,
  checksum: file.checksum,
  plain_size: file.plainSize,
  plain_sha256: file.plainSha256,
});

const list = route({
  method: 'GET',
  path: '/api/databases/:db/backups/:id/files',
  dialect,
  scope: 'backups:read',
  summary: 'The stored objects of a backup beside its manifest; none until it is done.',
  answers: 200,
  response: z.strictObject({ files: z.array(fileView) }),
  finds: (call) => ownedBackupOf(call, call.params.db, call.params.id),
  handler: async ({ deps }, { id }) => ({ files: (await deps.persistence.backups.files(id)).map(presentFile) }),
});

export const fileRoutes = [list];
