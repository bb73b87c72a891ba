import type { Destination, DestinationType, StoreCapabilities } from '@holdfast/shared/domain';
import { z } from 'zod';
import { forgottenView, presentForgotten } from './forgotten.ts';

const typesForPeople = { s3: 'Amazon S3', custom_s3: 'Custom S3', local: 'Local' } as const satisfies Record<
  DestinationType,
  string
>;

const common = { id: z.int(), user_id: z.int(), label: z.string() };
const inBucket = { s3_bucket_name: z.string(), path_style_endpoint: z.boolean() };
const known = (description: string) => z.boolean().nullable().meta({ description });
const capabilitiesView = z
  .strictObject({
    versioning: known('Whether the bucket keeps what is replaced or deleted as older versions.'),
    object_lock: known('Whether the bucket can lock objects.'),
    writer_may_delete: known('Whether the keys that write may also delete.'),
  })
  .meta({
    id: 'Capabilities',
    description: 'What the place can do, as it was last seen; null for what it does not tell.',
    examples: [{ versioning: true, object_lock: true, writer_may_delete: false }],
  });
const guards = {
  object_lock: z
    .strictObject({ mode: z.enum(['governance', 'compliance']), days: z.int().min(1) })
    .nullable()
    .meta({ description: 'How objects are locked when they are stored; null: not at all.' }),
  has_deletion_keys: z.boolean().meta({ description: 'Whether keys of their own delete.' }),
  capabilities: capabilitiesView
    .nullable()
    .meta({ description: 'Null until the destination was tested or compared with the catalogue.' }),
  s3_prefix: z.string().meta({ description: 'Put before every key; empty, or ending in a slash.' }),
  s3_max_parts: z.int().meta({ description: 'Parts that one upload may have there.' }),
  ...forgottenView,
};
const times = { created_at: z.iso.datetime(), updated_at: z.iso.datetime() };
const kind = <T extends DestinationType>(type: T) => ({
  type: z.literal(type),
  type_human: z.literal(typesForPeople[type]),
});

/** A destination as the destination dialect shows it. */
export const destinationView = z
  .discriminatedUnion('type', [
    z.strictObject({ ...common, ...kind('s3'), ...inBucket, s3_region: z.string(), ...times, ...guards }),
    z.strictObject({
      ...common,
      ...kind('custom_s3'),
      ...inBucket,
      s3_endpoint: z.string(),
      ...times,
      ...guards,
    }),
    z.strictObject({
      ...common,
      ...kind('local'),
      ...times,
      path: z.string().meta({ description: 'Folder below the root that the operator set; empty for the root itself.' }),
    }),
  ])
  .meta({
    id: 'Destination',
    examples: [
      {
        id: 1,
        user_id: 907,
        label: 'AWS S3 Backup',
        type: 's3',
        type_human: 'Amazon S3',
        s3_bucket_name: 'my-backups',
        path_style_endpoint: false,
        s3_region: 'us-west-2',
        created_at: '2026-11-20T03:00:00.178Z',
        updated_at: '2026-11-20T03:00:00.178Z',
        object_lock: { mode: 'compliance', days: 30 },
        has_deletion_keys: true,
        capabilities: { versioning: true, object_lock: true, writer_may_delete: false },
        s3_prefix: '',
        s3_max_parts: 10_000,
      },
    ],
  });

/** Leaves the keys out. */
export function presentDestination(destination: Destination): z.output<typeof destinationView> {
  const { id, accountId, label, createdAt, updatedAt, capabilities } = destination;
  const base = { id, user_id: accountId, label };
  const at = { created_at: createdAt.toISOString(), updated_at: updatedAt.toISOString() };
  if (destination.type === 'local') {
    return { ...base, type: 'local', type_human: typesForPeople.local, ...at, path: destination.settings.path };
  }
  const { bucket, pathStyle, region, endpoint, objectLock, prefix, maxParts } = destination.settings;
  const guarded = {
    object_lock: objectLock ?? null,
    has_deletion_keys: destination.deletionKeys !== null,
    capabilities: capabilities && presentCapabilities(capabilities),
    s3_prefix: prefix,
    s3_max_parts: maxParts,
    ...presentForgotten({
      s3_access_key: destination.accessKey,
      s3_secret_key: destination.secretKey,
      deletion_access_key: destination.deletionKeys?.accessKey,
      deletion_secret_key: destination.deletionKeys?.secretKey,
    }),
  };
  const bucketOf = { s3_bucket_name: bucket, path_style_endpoint: pathStyle };
  return destination.type === 's3'
    ? { ...base, type: 's3', type_human: typesForPeople.s3, ...bucketOf, s3_region: region ?? '', ...at, ...guarded }
    : {
        ...base,
        type: 'custom_s3',
        type_human: typesForPeople.custom_s3,
        ...bucketOf,
        s3_endpoint: endpoint ?? '',
        ...at,
        ...guarded,
      };
}

function presentCapabilities({ versioning, objectLock, writerMayDelete }: StoreCapabilities) {
  return { versioning, object_lock: objectLock, writer_may_delete: writerMayDelete };
}
