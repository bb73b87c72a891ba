import type { IncomingMessage } from 'node:http';
import { S3Error } from './errors.ts';
import type { RequestKind } from './faults.ts';

/** What a request addresses. */
export interface Addressed {
  method: string;
  rawPath: string;
  query: URLSearchParams;
  bucket: string;
  key: string;
  kind: RequestKind;
}

/**
 * Understands both address styles: `/bucket/key` at the server's own name, and `/key` at `bucket.<its name>`.
 * @param virtualHosts names under which a bucket may stand in front
 */
export function address(request: IncomingMessage, virtualHosts: readonly string[]): Addressed {
  const method = request.method ?? 'GET';
  const [rawPath = '/', search = ''] = (request.url ?? '/').split(/\?(.*)/s);
  // In the query of S3, "+" is a plus that was not encoded, never a space.
  const query = new URLSearchParams(search.replaceAll('+', '%2B'));
  const host = (request.headers.host ?? '').replace(/:\d+$/, '');
  const suffix = virtualHosts.find((name) => host.endsWith(`.${name}`));
  const path = rawPath.slice(1);
  const slash = path.indexOf('/');
  const inPath = slash === -1 ? [path, ''] : [path.slice(0, slash), path.slice(slash + 1)];
  const [bucket = '', key = ''] = suffix ? [host.slice(0, -suffix.length - 1), path] : inPath;
  const target = { bucket: decode(bucket), key: decode(key) };
  return { method, rawPath, query, ...target, kind: kindOf(method, target, query) };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new S3Error(400, 'InvalidURI', "Couldn't parse the specified URI.");
  }
}

function kindOf(method: string, { bucket, key }: { bucket: string; key: string }, query: URLSearchParams): RequestKind {
  const table = bucket === '' ? serviceKinds : key === '' ? bucketKinds : objectKinds;
  return (
    table.find((entry) => entry.method === method && entry.query.every((name) => query.has(name)))?.kind ?? 'unknown'
  );
}

interface Row {
  method: string;
  query: readonly string[];
  kind: RequestKind;
}

const serviceKinds: readonly Row[] = [{ method: 'GET', query: [], kind: 'listBuckets' }];

const bucketKinds: readonly Row[] = [
  { method: 'GET', query: ['uploads'], kind: 'listUploads' },
  { method: 'GET', query: ['location'], kind: 'bucketLocation' },
  { method: 'GET', query: ['versioning'], kind: 'getVersioning' },
  { method: 'PUT', query: ['versioning'], kind: 'putVersioning' },
  { method: 'GET', query: ['object-lock'], kind: 'getLock' },
  { method: 'PUT', query: ['object-lock'], kind: 'putLock' },
  { method: 'GET', query: ['versions'], kind: 'listVersions' },
  { method: 'GET', query: [], kind: 'listObjects' },
  { method: 'HEAD', query: [], kind: 'headBucket' },
  { method: 'PUT', query: [], kind: 'createBucket' },
  { method: 'DELETE', query: [], kind: 'removeBucket' },
  { method: 'POST', query: ['delete'], kind: 'deleteObjects' },
];

const objectKinds: readonly Row[] = [
  { method: 'POST', query: ['uploads'], kind: 'createUpload' },
  { method: 'POST', query: ['uploadId'], kind: 'completeUpload' },
  { method: 'PUT', query: ['uploadId', 'partNumber'], kind: 'uploadPart' },
  { method: 'DELETE', query: ['uploadId'], kind: 'abortUpload' },
  { method: 'GET', query: ['uploadId'], kind: 'listParts' },
  { method: 'GET', query: ['retention'], kind: 'getRetention' },
  { method: 'PUT', query: ['retention'], kind: 'putRetention' },
  { method: 'PUT', query: [], kind: 'putObject' },
  { method: 'GET', query: [], kind: 'getObject' },
  { method: 'HEAD', query: [], kind: 'headObject' },
  { method: 'DELETE', query: [], kind: 'deleteObject' },
];
