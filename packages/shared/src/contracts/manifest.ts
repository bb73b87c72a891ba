import { z } from 'zod';
import { backupMethods, fileRoles } from '../domain/backup.ts';
import { engineTypes } from '../domain/engine.ts';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const bytes = z.int().nonnegative();
const measured = z.strictObject({ size: bytes, sha256 });
const hex = (digits: number) => z.string().regex(new RegExp(`^[0-9a-f]{${digits}}$`));

/** What was done to the engine's bytes before they were stored, in that order; decoding goes backwards. */
export const codecNames = ['zstd', 'gzip', 'age'] as const;
export type CodecName = (typeof codecNames)[number];

const manifestFile = z.strictObject({
  id: z.uuid(),
  role: z.enum(fileRoles),
  name: z.string().min(1),
  key: z.string().min(1),
  format: z.string().min(1),
  codecs: z.array(z.enum(codecNames)),
  /** Null where a remote server made the archive and did not say. */
  plain: measured.nullable(),
  /** What was encrypted, the compressed file; null where it is not encrypted. */
  unencrypted: measured.nullable(),
  /** With another digest where a remote server made the archive and reported that one. */
  stored: z.union([
    measured,
    z.strictObject({ size: bytes, sha1: hex(40) }),
    z.strictObject({ size: bytes, md5: hex(32) }),
  ]),
});

const names = z.array(z.string().min(1)).optional();
const part = z.strictObject({
  include: z.strictObject({ schemas: names, tables: names }).optional(),
  exclude: z.strictObject({ schemas: names, tables: names, table_data: names }).optional(),
});

export const manifestVersion = 1;

/**
 * `manifest.json`, version 1: written last, so that its presence means a whole backup; enough to restore without the
 * service. docs/backup-format.md explains every field.
 */
export const manifestSchema = z.strictObject({
  version: z.literal(manifestVersion),
  backupId: z.uuid(),
  databaseId: z.uuid(),
  attempt: z.int().positive(),
  name: z.string().min(1),
  engine: z.enum(engineTypes),
  /** The database's name on its server. */
  database: z.string().min(1),
  serverVersion: z.string(),
  tool: z.strictObject({ name: z.string(), version: z.string() }),
  /** The registered database's name, and what the backup came from. */
  lineage: z.strictObject({
    databaseName: z.string().min(1),
    method: z.enum(backupMethods),
    scheduleId: z.uuid().nullable(),
    scheduledFor: z.iso.datetime().nullable(),
    createdAt: z.iso.datetime(),
  }),
  /** The public keys (age recipients) that can open the files; null where they are not encrypted. */
  recipients: z.array(z.string().min(1)).min(1).nullable(),
  startedAt: z.iso.datetime(),
  completedAt: z.iso.datetime(),
  /** The part of the database that it is of; absent where it is of the whole. It is never restored in place. */
  part: part.exactOptional(),
  /** What the backup does not hold, or not as of one moment, in sentences; absent where there is nothing to say. */
  warnings: z.array(z.string().min(1)).optional(),
  files: z.array(manifestFile).min(1),
});

export type Manifest = z.infer<typeof manifestSchema>;
export type ManifestFile = z.infer<typeof manifestFile>;

/** As it is stored, and shown to remote servers: it ends with the digest of its text up to there. */
export const storedManifestSchema = manifestSchema.extend({ sha256 });
