import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { RecoveryEnvironment } from '@holdfast/shared/config';
import { HoldfastError, type Destination } from '@holdfast/shared/domain';
import type { Place } from './command.ts';

/** A destination that is in no catalogue. */
const unregistered = {
  id: 0,
  accountId: 0,
  label: 'the place given',
  createdAt: new Date(0),
  updatedAt: new Date(0),
  deletionRequestedAt: null,
  capabilities: null,
};

/** The destination that the options describe. @throws HoldfastError configuration */
export function destinationAt(place: Place, environment: RecoveryEnvironment): Destination {
  if (place.type === 'folder') return { ...unregistered, type: 'local', settings: { path: '' } };
  const { accessKey, secretKey } = environment;
  if (!accessKey || !secretKey) {
    throw new HoldfastError(
      'configuration',
      'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY to the keys of the bucket.',
    );
  }
  if (environment.hasSessionToken) {
    throw new HoldfastError(
      'configuration',
      'AWS_SESSION_TOKEN is set, and temporary credentials are not supported: use the keys of a user, without it.',
    );
  }
  const { bucket, prefix, endpoint, pathStyle } = place;
  return {
    ...unregistered,
    type: endpoint === null ? 's3' : 'custom_s3',
    settings: { bucket, prefix, endpoint, pathStyle, region: place.region ?? environment.region, maxParts: 10_000 },
    accessKey,
    secretKey,
    deletionKeys: null,
  };
}

/** The folder that local backups lie in; null for a bucket. @throws HoldfastError configuration, when it is none */
export function rootOf(place: Place): string | null {
  if (place.type === 'bucket') return null;
  const path = resolve(place.path);
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return path;
  throw new HoldfastError(
    'configuration',
    `${path} is no folder: give the one that holds the folders of the databases.`,
  );
}
