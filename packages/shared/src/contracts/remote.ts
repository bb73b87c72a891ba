import { z } from 'zod';
import { engineTypes } from '../domain/engine.ts';
import { ownershipModes } from '../domain/restore.ts';
import { codecNames } from './manifest.ts';

/** `GET /api/remote/backups/:backup?size=`: where to put the parts of an archive, by PUT and in this order. */
export const uploadLinks = z.object({
  parts: z.array(z.url()).min(1).max(10_000),
  /** Bytes of every part but the last, which may be shorter. */
  part_size: z.int().positive(),
});

/** What only our own agent reports of an archive, beside the established fields: with it the manifest is complete. */
export const archiveDetails = z.strictObject({
  format: z.string().min(1).max(64),
  codecs: z.array(z.enum(codecNames)).max(4),
  plain: z.strictObject({ size: z.int().nonnegative(), sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
  tool: z.strictObject({ name: z.string().max(64), version: z.string().max(64) }),
  server_version: z.string().max(200),
});

/** `POST /api/remote/jobs/claim`: work for the server whose token asks. */
export const remoteJob = z.object({
  /** The backup's own id, or the restore's. */
  id: z.uuid(),
  kind: z.enum(['backup', 'restore']),
  backup_id: z.uuid(),
  database: z.object({
    id: z.uuid(),
    name: z.string(),
    type: z.enum(engineTypes),
  }),
  /** The job is abandoned after so many seconds without a heartbeat: send several within them. */
  heartbeat_seconds: z.number().positive(),
  restore: z
    .object({
      target: z.union([z.strictObject({ in_place: z.literal(true) }), z.strictObject({ new_database: z.string() })]),
      ownership: z.enum(ownershipModes),
      /** `manifest.json` of the backup, and the files that were asked for; the links need no header. */
      manifest_url: z.url(),
      /** Of the manifest's text as it was written; absent or null where the service itself has compared it. */
      manifest_sha256: z
        .string()
        .regex(/^[0-9a-f]{64}$/)
        .nullish(),
      files: z.array(z.object({ id: z.uuid(), url: z.url() })).min(1),
    })
    .nullable(),
});
export type RemoteJob = z.infer<typeof remoteJob>;
export const claimAnswer = z.object({ job: remoteJob });

export const heartbeatAnswer = z.object({ cancelled: z.boolean() });
