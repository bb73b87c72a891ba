import { randomUUID } from 'node:crypto';
import { S3Error } from './errors.ts';
import type { Bucket, OldVersion, Segment, StoredEntry } from './storage.ts';

/** All versions of a key, the newest first. */
export function versionsOf(bucket: Bucket, key: string): OldVersion[] {
  const current = bucket.objects[key];
  const newest = current ? [{ versionId: current.versionId, modifiedAt: current.modifiedAt, object: current }] : [];
  return [...newest, ...(bucket.older[key] ?? [])];
}

function setVersions(bucket: Bucket, key: string, versions: readonly OldVersion[]): void {
  const [newest, ...rest] = versions;
  delete bucket.objects[key];
  delete bucket.older[key];
  if (newest?.object) bucket.objects[key] = newest.object;
  const older = newest?.object ? rest : versions;
  if (older.length > 0) bucket.older[key] = [...older];
}

/** Makes an object, or a delete marker where `object` is null, the newest version. @returns what was replaced */
export function addVersion(
  bucket: Bucket,
  key: string,
  object: Omit<StoredEntry, 'versionId'> | null,
): { versionId: string; replaced: Segment[] } {
  const versionId = bucket.versioning === 'Enabled' ? randomUUID() : 'null';
  const before = versionsOf(bucket, key);
  const kept = before.filter((version) => version.versionId !== versionId);
  const replaced = before.filter((version) => !kept.includes(version));
  const modifiedAt = object?.modifiedAt ?? Date.now();
  setVersions(bucket, key, [{ versionId, modifiedAt, object: object && { ...object, versionId } }, ...kept]);
  return { versionId, replaced: replaced.flatMap((version) => version.object?.segments ?? []) };
}

/** What the answer to a deletion says beside its status. */
export interface Deleted {
  versionId: string | null;
  isMarker: boolean;
  removed: Segment[];
}

/** Removes the object of a bucket that keeps no versions; elsewhere hides it behind a delete marker. */
export function deleteCurrent(bucket: Bucket, key: string): Deleted {
  if (bucket.versioning) {
    const { versionId, replaced } = addVersion(bucket, key, null);
    return { versionId, isMarker: true, removed: replaced };
  }
  const removed = versionsOf(bucket, key).flatMap(({ object }) => object?.segments ?? []);
  setVersions(bucket, key, []);
  return { versionId: null, isMarker: false, removed };
}

/** Removes one version for good. @throws S3Error while it is locked */
export function deleteVersion(
  bucket: Bucket,
  key: string,
  versionId: string,
  { now, mayBypass }: { now: number; mayBypass: boolean },
): Deleted {
  const versions = versionsOf(bucket, key);
  const found = versions.find((version) => version.versionId === versionId);
  const retention = found?.object?.retention;
  if (retention && retention.until > now && !(retention.mode === 'GOVERNANCE' && mayBypass)) {
    throw new S3Error(403, 'AccessDenied', 'Access Denied because object protected by object lock.');
  }
  setVersions(
    bucket,
    key,
    versions.filter((version) => version !== found),
  );
  return { versionId, isMarker: found?.object === null, removed: found?.object?.segments ?? [] };
}
