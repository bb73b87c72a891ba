import type { Dialect } from './faults.ts';
import type { Bucket, UploadEntry } from './storage.ts';
import { versionsOf } from './versions.ts';
import type { XmlNode } from './xml.ts';

const byBytes = (left: string, right: string): number => Buffer.compare(Buffer.from(left), Buffer.from(right));
const quoted = (etag: string): string => `"${etag}"`;
const iso = (time: number): string => new Date(time).toISOString();

/** ListObjectsV2 (and, for clients that still use it, version 1). */
export function listObjects(name: string, bucket: Bucket, query: URLSearchParams, dialect: Dialect): XmlNode {
  const prefix = query.get('prefix') ?? '';
  const delimiter = query.get('delimiter') ?? '';
  const second = query.get('list-type') === '2';
  const token = query.get('continuation-token');
  const after =
    token === null
      ? (query.get(second ? 'start-after' : 'marker') ?? '')
      : Buffer.from(token, 'base64url').toString('utf8');
  const encode = query.get('encoding-type') === 'url' ? encodeURIComponent : (text: string) => text;
  const most = Math.min(dialect.pageSize, Number(query.get('max-keys') ?? dialect.pageSize));

  const contents: XmlNode[] = [];
  const folders = new Set<string>();
  let last = '';
  let truncated = false;
  for (const key of Object.keys(bucket.objects).sort(byBytes)) {
    if (!key.startsWith(prefix)) continue;
    const cut = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
    const folder = cut === -1 ? null : key.slice(0, cut + delimiter.length);
    const shown = folder ?? key;
    if (byBytes(shown, after) <= 0 || (folder !== null && folders.has(folder))) continue;
    if (contents.length + folders.size >= most) {
      truncated = true;
      break;
    }
    last = shown;
    const object = bucket.objects[key];
    if (folder !== null) folders.add(folder);
    else if (object) {
      const { modifiedAt, etag, size } = object;
      contents.push({
        Key: encode(key),
        LastModified: iso(modifiedAt),
        ETag: quoted(etag),
        Size: size,
        StorageClass: 'STANDARD',
      });
    }
  }
  return {
    Name: name,
    Prefix: encode(prefix),
    MaxKeys: most,
    ...(delimiter === '' ? {} : { Delimiter: delimiter }),
    ...(query.has('encoding-type') ? { EncodingType: 'url' } : {}),
    IsTruncated: truncated,
    ...(second ? { KeyCount: contents.length + folders.size } : {}),
    ...(truncated
      ? second
        ? { NextContinuationToken: Buffer.from(last).toString('base64url') }
        : { NextMarker: encode(last) }
      : {}),
    Contents: contents,
    CommonPrefixes: [...folders].map((folder) => ({ Prefix: encode(folder) })),
  };
}

/** ListObjectVersions: by keys, and the versions of each from the newest on. */
export function listVersions(name: string, bucket: Bucket, query: URLSearchParams, dialect: Dialect): XmlNode {
  const prefix = query.get('prefix') ?? '';
  const keyMarker = query.get('key-marker') ?? '';
  const idMarker = query.get('version-id-marker');
  const most = Math.min(dialect.pageSize, Number(query.get('max-keys') ?? dialect.pageSize));
  const encode = query.get('encoding-type') === 'url' ? encodeURIComponent : (text: string) => text;
  const keys = [...new Set([...Object.keys(bucket.objects), ...Object.keys(bucket.older)])].sort(byBytes);
  const all = keys.flatMap((key) => {
    const order = byBytes(key, keyMarker);
    if (!key.startsWith(prefix) || order < 0 || (order === 0 && idMarker === null)) return [];
    const versions = versionsOf(bucket, key).map((version, index) => ({ key, version, isLatest: index === 0 }));
    const from = order > 0 ? 0 : versions.findIndex(({ version }) => version.versionId === idMarker) + 1;
    return versions.slice(from);
  });
  const page = all.slice(0, most);
  const last = page.at(-1);
  const truncated = all.length > page.length;
  const common = ({ key, version, isLatest }: (typeof all)[number]) => ({
    Key: encode(key),
    VersionId: version.versionId,
    IsLatest: isLatest,
    LastModified: iso(version.modifiedAt),
  });
  return {
    Name: name,
    Prefix: encode(prefix),
    MaxKeys: most,
    ...(query.has('encoding-type') ? { EncodingType: 'url' } : {}),
    IsTruncated: truncated,
    ...(truncated && last ? { NextKeyMarker: encode(last.key), NextVersionIdMarker: last.version.versionId } : {}),
    Version: page.flatMap((one) => {
      const { object } = one.version;
      return object ? [{ ...common(one), ETag: quoted(object.etag), Size: object.size, StorageClass: 'STANDARD' }] : [];
    }),
    DeleteMarker: page.flatMap((one) => (one.version.object === null ? [common(one)] : [])),
  };
}

export function listUploads(name: string, bucket: Bucket, query: URLSearchParams, dialect: Dialect): XmlNode {
  const prefix = query.get('prefix') ?? '';
  const keyMarker = query.get('key-marker') ?? '';
  const idMarker = query.get('upload-id-marker') ?? '';
  const most = Math.min(dialect.pageSize, Number(query.get('max-uploads') ?? dialect.pageSize));
  const encode = query.get('encoding-type') === 'url' ? encodeURIComponent : (text: string) => text;
  const isAfter = (upload: UploadEntry): boolean => {
    const order = byBytes(upload.key, keyMarker);
    return order > 0 || (order === 0 && idMarker !== '' && byBytes(upload.uploadId, idMarker) > 0);
  };
  const all = Object.values(bucket.uploads)
    .filter((upload) => upload.key.startsWith(prefix) && isAfter(upload))
    .sort((left, right) => byBytes(left.key, right.key) || byBytes(left.uploadId, right.uploadId));
  const page = all.slice(0, most);
  const last = page.at(-1);
  const truncated = all.length > page.length;
  return {
    Bucket: name,
    Prefix: encode(prefix),
    MaxUploads: most,
    IsTruncated: truncated,
    ...(truncated && last ? { NextKeyMarker: encode(last.key), NextUploadIdMarker: last.uploadId } : {}),
    Upload: page.map(({ key, uploadId, startedAt }) => ({
      Key: encode(key),
      UploadId: uploadId,
      Initiated: iso(startedAt),
      StorageClass: 'STANDARD',
    })),
  };
}

export function listParts(bucket: string, upload: UploadEntry, query: URLSearchParams, dialect: Dialect): XmlNode {
  const marker = Number(query.get('part-number-marker') ?? 0);
  const numbers = Object.keys(upload.parts)
    .map(Number)
    .filter((number) => number > marker)
    .sort((left, right) => left - right);
  const page = numbers.slice(0, dialect.pageSize);
  const truncated = numbers.length > page.length;
  return {
    Bucket: bucket,
    Key: upload.key,
    UploadId: upload.uploadId,
    IsTruncated: truncated,
    ...(truncated ? { NextPartNumberMarker: page.at(-1) ?? 0 } : {}),
    Part: page.map((number) => {
      const part = upload.parts[number];
      return { PartNumber: number, ETag: quoted(part?.etag ?? ''), Size: part?.size ?? 0 };
    }),
  };
}
