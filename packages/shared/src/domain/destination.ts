import type { Schedule } from './schedule.ts';
import type { Secret } from './secret.ts';
import type { LockTerms, StoreCapabilities } from './store.ts';

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
  /** Objects are locked for so many days from their backup on, or longer where its retention says so; absent: not at all. */
  objectLock?: LockTerms | null;
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
  /** What the place could do when it was last asked; null: it was not yet. */
  capabilities: StoreCapabilities | null;
}

export interface S3Destination extends DestinationBase {
  type: 's3' | 'custom_s3';
  settings: S3Settings;
  accessKey: Secret;
  secretKey: Secret;
  /** What alone may delete; null: the keys above do everything. */
  deletionKeys: { accessKey: Secret; secretKey: Secret } | null;
}

export interface LocalDestination extends DestinationBase {
  type: 'local';
  settings: LocalSettings;
}

/** Where backups are kept. */
export type Destination = S3Destination | LocalDestination;

export type Place = Pick<S3Destination, 'type' | 'settings'> | Pick<LocalDestination, 'type' | 'settings'>;

/** Whether two destinations keep the same keys in the same place, however they are reached. */
export function isSamePlace(left: Place, right: Place): boolean {
  return placeOf(left) === placeOf(right);
}

/** What every key of the inner place begins with in the outer one; null unless the one lies inside of the other. */
export function prefixWithin(outer: Place, inner: Place): string | null {
  const [outside, inside] = [folderOf(outer), folderOf(inner)];
  if (outside.root !== inside.root || outside.folder === inside.folder) return null;
  return inside.folder.startsWith(outside.folder) ? inside.folder.slice(outside.folder.length) : null;
}

function placeOf(place: Place): string {
  const { root, folder } = folderOf(place);
  return JSON.stringify([root, folder]);
}

function folderOf({ type, settings }: Place): { root: string; folder: string } {
  if (type === 'local')
    return { root: 'local', folder: settings.path.replace(/\/*$/, settings.path === '' ? '' : '/') };
  const { bucket, endpoint, prefix } = settings;
  return { root: JSON.stringify([endpoint, bucket]), folder: prefix };
}

/** How a backup is locked: as its destination says, and for as long as its schedule keeps backups by their age. */
export function lockTermsOf({ type, settings }: Place, schedule: Pick<Schedule, 'retention'> | null): LockTerms | null {
  if (type === 'local' || !settings.objectLock) return null;
  const { mode, days } = settings.objectLock;
  return { mode, days: Math.max(days, schedule?.retention.keepDays ?? 0) };
}
