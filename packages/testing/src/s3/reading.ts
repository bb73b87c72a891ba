import { S3Error } from './errors.ts';
import type { Dialect, Effect } from './faults.ts';
import type { Answer, Call } from './operations.ts';
import type { Bucket, Retention, StoredEntry } from './storage.ts';
import { versionsOf } from './versions.ts';

export const wrongTag = 'd41d8cd98f00b204e9800998ecf8427f';

/** The object that a request names, or one of its versions. */
export function storedObject(bucket: Bucket, { addressed: { key, query }, permissions }: Call): StoredEntry {
  const versionId = query.get('versionId');
  const [newest, ...older] = versionsOf(bucket, key);
  const found = versionId === null ? newest : [newest, ...older].find((one) => one?.versionId === versionId);
  if (found?.object) return found.object;
  // Whoever may not list does not learn that it is not there.
  permissions.require('s3:ListBucket');
  const marker: Record<string, string> = found
    ? { 'x-amz-delete-marker': 'true', 'x-amz-version-id': found.versionId }
    : {};
  if (versionId === null) {
    throw new S3Error(404, 'NoSuchKey', 'The specified key does not exist.', { Key: key }, marker);
  }
  throw found
    ? new S3Error(405, 'MethodNotAllowed', 'The specified method is not allowed against a delete marker.', {}, marker)
    : new S3Error(404, 'NoSuchVersion', 'The specified version does not exist.', { Key: key });
}

/** What HEAD and GET answer. */
export function readObject(bucket: Bucket, call: Call, { ignoresConditions, ignoresRanges }: Dialect): Answer {
  const { addressed, request, effect, permissions } = call;
  const { key, query, kind } = addressed;
  const object = storedObject(bucket, call);
  const wanted = request.headers['if-match'];
  if (!ignoresConditions && wanted !== undefined && wanted !== `"${object.etag}"`) {
    throw new S3Error(412, 'PreconditionFailed', 'At least one of the preconditions you specified did not hold.');
  }
  const range = ignoresRanges ? null : parseRange(request.headers.range, object.size);
  const disposition = query.get('response-content-disposition');
  const size = range ? range.end - range.start + 1 : object.size;
  return {
    status: range ? 206 : 200,
    headers: {
      'content-type': query.get('response-content-type') ?? object.contentType,
      'content-length': effect?.type === 'loseByte' && kind === 'headObject' ? size - 1 : size,
      ...tagHeader(effect?.type === 'wrongEtag' ? wrongTag : object.etag, effect),
      'last-modified': new Date(object.modifiedAt).toUTCString(),
      'accept-ranges': 'bytes',
      ...versionHeader(bucket, object.versionId),
      ...(object.retention && permissions.may('s3:GetObjectRetention', key) ? lockHeaders(object.retention) : {}),
      ...(range ? { 'content-range': `bytes ${range.start}-${range.end}/${object.size}` } : {}),
      ...(disposition === null ? {} : { 'content-disposition': disposition }),
    },
    ...(kind === 'headObject'
      ? {}
      : { bytes: { segments: object.segments, start: range?.start ?? 0, end: range?.end ?? object.size - 1 } }),
  };
}

function parseRange(header: string | undefined, size: number): { start: number; end: number } | null {
  const [, from = '', to = ''] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? [];
  if (from === '' && to === '') return null;
  const start = from === '' ? Math.max(0, size - Number(to)) : Number(from);
  const end = from === '' || to === '' ? size - 1 : Math.min(Number(to), size - 1);
  if (start >= size || start > end) throw new S3Error(416, 'InvalidRange', 'The requested range is not satisfiable');
  return { start, end };
}

export function versionHeader({ versioning }: Bucket, versionId: string): Record<string, string> {
  return versioning ? { 'x-amz-version-id': versionId } : {};
}

function lockHeaders({ mode, until }: Retention): Record<string, string> {
  return {
    'x-amz-object-lock-mode': mode,
    'x-amz-object-lock-retain-until-date': new Date(until).toISOString(),
  };
}

export function tagHeader(etag: string, effect: Effect | null): Record<string, string> {
  return effect?.type === 'noEtag' ? {} : { etag: `"${etag}"` };
}
