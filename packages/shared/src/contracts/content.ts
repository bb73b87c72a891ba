import { z } from 'zod';
import { contentLevels, type ContentManifest } from '../domain/content.ts';

/** The format of a content manifest's file, as the backup's manifest names it. */
export const contentFormat = 'holdfast-content-1';

/** `content.json`: what a database held in the snapshot of its dump. docs/verification.md explains every field. */
export const contentSchema = z.strictObject({
  version: z.literal(1),
  level: z.enum(contentLevels),
  algorithm: z.string().min(1),
  items: z.array(
    z.strictObject({
      kind: z.string().min(1),
      name: z.string().min(1),
      count: z.int().nonnegative().nullable(),
      digest: z.string().min(1).nullable(),
      share: z.number().positive().max(1).nullable(),
    }),
  ),
  kinds: z.array(z.string().min(1)).exactOptional(),
  missing: z.array(z.string().min(1)),
  needs: z.strictObject({ roles: z.array(z.string()), tablespaces: z.array(z.string()) }).exactOptional(),
}) satisfies z.ZodType<ContentManifest>;
