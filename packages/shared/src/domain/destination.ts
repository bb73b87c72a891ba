import type { Secret } from './secret.ts';

export const destinationTypes = ['s3', 'custom_s3', 'local'] as const;
export type DestinationType = (typeof destinationTypes)[number];

export interface S3Settings {
  bucket: string;
  region: string | null;
  /** Null for Amazon's own. */
  endpoint: string | null;
  pathStyle: boolean;
  /** Put before every key; empty or ending in `/`. */
  prefix: string;
  /** Parts that one multipart upload may have on this provider, at most 10,000. */
  maxParts: number;
}

export interface LocalSettings {
  /** Folder below the configured root; empty for the root itself. */
  path: string;
}

interface DestinationBase {
  id: number;
  accountId: number;
  label: string;
  createdAt: Date;
  updatedAt: Date;
  /** Set when it is being removed with all its backups: nobody sees it any more. */
  deletionRequestedAt: Date | null;
}

export interface S3Destination extends DestinationBase {
  type: 's3' | 'custom_s3';
  settings: S3Settings;
  accessKey: Secret;
  secretKey: Secret;
}

export interface LocalDestination extends DestinationBase {
  type: 'local';
  settings: LocalSettings;
}

/** Where backups are kept. */
export type Destination = S3Destination | LocalDestination;

type Place = Pick<S3Destination, 'type' | 'settings'> | Pick<LocalDestination, 'type' | 'settings'>;

/** Whether two destinations keep the same keys in the same place, however they are reached. */
export function isSamePlace(left: Place, right: Place): boolean {
  return placeOf(left) === placeOf(right);
}

function placeOf({ type, settings }: Place): string {
  if (type === 'local') return JSON.stringify([settings.path.replace(/\/+$/, '')]);
  const { bucket, endpoint, prefix } = settings;
  return JSON.stringify([endpoint, bucket, prefix]);
}
