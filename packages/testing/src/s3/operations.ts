import { createHash, randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { readText } from './body.ts';
import { S3Error } from './errors.ts';
import type { Dialect, Effect } from './faults.ts';
import { listObjects, listParts, listUploads, listVersions } from './lists.ts';
import {
  changedRetention,
  lockConfiguration,
  requireDigest,
  retentionOf,
  retentionXml,
  setLockConfiguration,
  setVersioning,
} from './locks.ts';
import type { Permissions } from './permissions.ts';
import { readObject, storedObject, tagHeader, versionHeader, wrongTag } from './reading.ts';
import type { Addressed } from './request.ts';
import type { Bucket, PartEntry, Retention, Segment, Storage, StoredEntry, UploadEntry } from './storage.ts';
import { addVersion, deleteCurrent, deleteVersion, type Deleted } from './versions.ts';
import { elements, unescape, type XmlNode } from './xml.ts';

export interface Call {
  addressed: Addressed;
  request: IncomingMessage;
  permissions: Permissions;
  /** The plain, checked body. */
  body: AsyncGenerator<Buffer>;
  effect: Effect | null;
}

export interface Answer {
  status: number;
  headers?: Record<string, string | number>;
  xml?: { root: string; content: XmlNode };
  /** Bytes of an object, from `start` to `end`, both included. */
  bytes?: { segments: readonly Segment[]; start: number; end: number };
}

/** What each kind of request does. */
export class Operations {
  readonly #storage: Storage;
  readonly #dialect: Dialect;
  readonly #now: () => number;

  /** @param now the time that locks go by, in milliseconds */
  constructor(storage: Storage, dialect: Dialect, now: () => number) {
    this.#storage = storage;
    this.#dialect = dialect;
    this.#now = now;
  }

  async run(call: Call): Promise<Answer> {
    const { kind, bucket: name, key, query } = call.addressed;
    if (kind === 'listBuckets') {
      const buckets = this.#storage.bucketNames().map((Name) => ({ Name, CreationDate: new Date(0).toISOString() }));
      const content = { Owner: { ID: 'test' }, Buckets: { Bucket: buckets } };
      return { status: 200, xml: { root: 'ListAllMyBucketsResult', content } };
    }
    if (kind === 'createBucket') {
      await readText(call.body);
      const objectLock = call.request.headers['x-amz-bucket-object-lock-enabled'] === 'true';
      this.#storage.createBucket(name, { objectLock });
      return { status: 200 };
    }
    const bucket = this.#storage.bucket(name);
    if (!bucket) throw new S3Error(404, 'NoSuchBucket', 'The specified bucket does not exist', { BucketName: name });
    switch (kind) {
      case 'headBucket':
        return { status: 200 };
      case 'removeBucket':
        if (Object.keys(bucket.objects).length + Object.keys(bucket.older).length > 0)
          throw new S3Error(409, 'BucketNotEmpty', 'The bucket is not empty.');
        this.#storage.removeBucket(name);
        return { status: 204 };
      case 'bucketLocation':
        return { status: 200, xml: { root: 'LocationConstraint', content: {} } };
      case 'getVersioning':
      case 'putVersioning':
      case 'getLock':
      case 'putLock':
        return await this.#configure(bucket, call);
      case 'listVersions':
        if (this.#dialect.noVersions) throw notImplemented();
        return {
          status: 200,
          xml: { root: 'ListVersionsResult', content: listVersions(name, bucket, query, this.#dialect) },
        };
      case 'getRetention':
      case 'putRetention':
        return await this.#retention(bucket, call);
      case 'listObjects':
        return {
          status: 200,
          xml: { root: 'ListBucketResult', content: listObjects(name, bucket, query, this.#dialect) },
        };
      case 'listUploads':
        if (this.#dialect.noUploadListing) throw notImplemented();
        return {
          status: 200,
          xml: { root: 'ListMultipartUploadsResult', content: listUploads(name, bucket, query, this.#dialect) },
        };
      case 'putObject':
        return this.#putObject(bucket, key, call);
      case 'getObject':
      case 'headObject':
        return readObject(bucket, call, this.#dialect);
      case 'deleteObject':
        return { status: 204, headers: deletedHeaders(await this.#delete(bucket, key, query.get('versionId'), call)) };
      case 'deleteObjects':
        return this.#deleteObjects(bucket, call);
      case 'createUpload':
        return this.#createUpload(name, bucket, key, call.request);
      case 'uploadPart':
        return this.#uploadPart(bucket, call);
      case 'completeUpload':
        return this.#completeUpload(name, bucket, call);
      case 'abortUpload':
        await this.#abortUpload(bucket, call.addressed);
        return { status: 204 };
      case 'listParts': {
        const content = listParts(name, openUpload(bucket, call.addressed), query, this.#dialect);
        return { status: 200, xml: { root: 'ListPartsResult', content } };
      }
      case 'unknown':
        throw notImplemented();
    }
  }

  /** What is asked of, or said to, a bucket about its versions and locks. */
  async #configure(bucket: Bucket, { addressed: { kind }, body }: Call): Promise<Answer> {
    const text = await readText(body);
    if (this.#dialect.noVersions) throw notImplemented();
    if (kind === 'getVersioning') {
      const content = bucket.versioning ? { Status: bucket.versioning } : {};
      return { status: 200, xml: { root: 'VersioningConfiguration', content } };
    }
    if (kind === 'getLock') {
      return { status: 200, xml: { root: 'ObjectLockConfiguration', content: lockConfiguration(bucket) } };
    }
    if (kind === 'putVersioning') setVersioning(bucket, text);
    else setLockConfiguration(bucket, text);
    this.#storage.save();
    return { status: 200 };
  }

  async #retention(bucket: Bucket, call: Call): Promise<Answer> {
    const text = await readText(call.body);
    const object = storedObject(bucket, call);
    if (!bucket.objectLock) throw new S3Error(400, 'InvalidRequest', 'Bucket is missing Object Lock Configuration');
    if (call.addressed.kind === 'getRetention') {
      const { retention } = object;
      if (!retention) {
        throw new S3Error(404, 'NoSuchObjectLockConfiguration', 'The specified object does not have a lock');
      }
      return { status: 200, xml: { root: 'Retention', content: retentionXml(retention) } };
    }
    object.retention = changedRetention(object.retention, text, this.#lockTerms(call.addressed.key, call));
    this.#storage.save();
    return { status: 200 };
  }

  /** Governance is passed by only where somebody who may do it says so. */
  #lockTerms(key: string, { request, permissions }: Call): { now: number; mayBypass: boolean } {
    // Clients write it in either case.
    const asks = request.headers['x-amz-bypass-governance-retention']?.toString().toLowerCase() === 'true';
    return { now: this.#now(), mayBypass: asks && permissions.may('s3:BypassGovernanceRetention', key) };
  }

  #lockFor(bucket: Bucket, { headers }: IncomingMessage): { retention?: Retention } {
    const retention = this.#dialect.noVersions ? undefined : retentionOf(bucket, headers, this.#now());
    return retention ? { retention } : {};
  }

  async #putObject(bucket: Bucket, key: string, call: Call): Promise<Answer> {
    if (call.request.headers['x-amz-copy-source'] !== undefined) throw notImplemented();
    const lock = this.#lockFor(bucket, call.request);
    requireDigest(call.request.headers);
    const { size, md5, segment } = await this.#storage.write(call.body);
    const etag = this.#tag(md5.toString('hex'), call.effect);
    const versionId = await this.#put(bucket, key, {
      size: call.effect?.type === 'loseByte' ? size - 1 : size,
      etag,
      contentType: contentTypeOf(call.request),
      modifiedAt: Date.now(),
      segments: [segment],
      ...lock,
    });
    return { status: 200, headers: { ...tagHeader(etag, call.effect), ...versionHeader(bucket, versionId) } };
  }

  async #put(bucket: Bucket, key: string, entry: Omit<StoredEntry, 'versionId'>): Promise<string> {
    const { versionId, replaced } = addVersion(bucket, key, entry);
    this.#storage.save();
    await this.#storage.discard(replaced);
    return versionId;
  }

  async #delete(bucket: Bucket, key: string, versionId: string | null, call: Call): Promise<Deleted> {
    const deleted =
      versionId === null
        ? deleteCurrent(bucket, key)
        : deleteVersion(bucket, key, versionId, this.#lockTerms(key, call));
    this.#storage.save();
    await this.#storage.discard(deleted.removed);
    return deleted;
  }

  async #deleteObjects(bucket: Bucket, call: Call): Promise<Answer> {
    const Deleted: XmlNode[] = [];
    const Error: XmlNode[] = [];
    for (const object of elements(await readText(call.body), 'Object')) {
      const Key = unescape(elements(object, 'Key')[0] ?? '');
      const [versionId = null] = elements(object, 'VersionId');
      try {
        call.permissions.require(versionId === null ? 's3:DeleteObject' : 's3:DeleteObjectVersion', Key);
        await this.#delete(bucket, Key, versionId, call);
        Deleted.push({ Key });
      } catch (error) {
        if (!(error instanceof S3Error)) throw error;
        Error.push({ Key, Code: error.code, Message: error.message });
      }
    }
    return { status: 200, xml: { root: 'DeleteResult', content: { Deleted, Error } } };
  }

  #createUpload(name: string, bucket: Bucket, key: string, request: IncomingMessage): Answer {
    const uploadId = randomUUID();
    const contentType = contentTypeOf(request);
    const lock = this.#lockFor(bucket, request);
    bucket.uploads[uploadId] = { key, uploadId, contentType, startedAt: Date.now(), parts: {}, ...lock };
    this.#storage.save();
    const content = { Bucket: name, Key: key, UploadId: uploadId };
    return { status: 200, xml: { root: 'InitiateMultipartUploadResult', content } };
  }

  async #uploadPart(bucket: Bucket, call: Call): Promise<Answer> {
    const upload = openUpload(bucket, call.addressed);
    const number = Number(call.addressed.query.get('partNumber'));
    if (!Number.isInteger(number) || number < 1 || number > this.#dialect.maxParts) {
      const most = this.#dialect.maxParts;
      throw new S3Error(400, 'InvalidArgument', `Part number must be an integer between 1 and ${most}, inclusive`);
    }
    const { size, md5, segment } = await this.#storage.write(call.body);
    // The upload may have been completed or aborted while the bytes came.
    if (bucket.uploads[upload.uploadId] !== upload) {
      await this.#storage.discard([segment]);
      throw noSuchUpload();
    }
    const old = upload.parts[number];
    const etag = this.#tag(md5.toString('hex'), call.effect);
    upload.parts[number] = { size, etag, segment };
    this.#storage.save();
    if (old) await this.#storage.discard([old.segment]);
    return { status: 200, headers: tagHeader(etag, call.effect) };
  }

  async #completeUpload(name: string, bucket: Bucket, call: Call): Promise<Answer> {
    const upload = openUpload(bucket, call.addressed);
    const claimed = elements(await readText(call.body), 'Part').map((part) => ({
      number: Number(elements(part, 'PartNumber')[0]),
      etag: unescape(elements(part, 'ETag')[0] ?? '').replaceAll('"', ''),
    }));
    const parts = this.#checkedParts(upload, claimed);
    const size = parts.reduce((sum, part) => sum + part.size, 0);
    const digests = Buffer.concat(parts.map((part) => Buffer.from(part.etag, 'hex')));
    const md5 = createHash('md5').update(digests).digest('hex');
    const etag = this.#tag(`${md5}-${parts.length}`, call.effect);
    delete bucket.uploads[upload.uploadId];
    const versionId = await this.#put(bucket, upload.key, {
      size: call.effect?.type === 'loseByte' ? size - 1 : size,
      etag,
      contentType: upload.contentType,
      modifiedAt: Date.now(),
      segments: parts.map((part) => part.segment),
      ...(upload.retention && !this.#dialect.forgetsLockOfParts ? { retention: upload.retention } : {}),
    });
    const used = new Set(claimed.map(({ number }) => number));
    const unused = Object.entries(upload.parts).filter(([number]) => !used.has(Number(number)));
    await this.#storage.discard(unused.map(([, part]) => part.segment));
    const tag = call.effect?.type === 'noEtag' ? {} : { ETag: `"${etag}"` };
    const content = { Location: `/${name}/${upload.key}`, Bucket: name, Key: upload.key, ...tag };
    const headers = versionHeader(bucket, versionId);
    return { status: 200, headers, xml: { root: 'CompleteMultipartUploadResult', content } };
  }

  #checkedParts(upload: UploadEntry, claimed: readonly { number: number; etag: string }[]): PartEntry[] {
    if (claimed.length === 0) throw new S3Error(400, 'MalformedXML', 'The XML you provided was not well-formed.');
    const ordered = claimed.every(({ number }, index) => index === 0 || number > (claimed[index - 1]?.number ?? 0));
    if (!ordered) throw new S3Error(400, 'InvalidPartOrder', 'The list of parts was not in ascending order.');
    const parts = claimed.map(({ number, etag }) => {
      const part = upload.parts[number];
      if (part?.etag !== etag) throw new S3Error(400, 'InvalidPart', 'One or more of the parts could not be found.');
      return part;
    });
    const all = parts.slice(0, -1);
    if (all.some((part) => part.size < this.#dialect.minPartSize)) {
      throw new S3Error(400, 'EntityTooSmall', 'Your proposed upload is smaller than the minimum allowed size');
    }
    const [first, last] = [parts[0], parts.at(-1)];
    if (this.#dialect.equalParts && first && last) {
      if (all.some((part) => part.size !== first.size) || last.size > first.size) {
        throw new S3Error(400, 'InvalidPart', 'All non-trailing parts must have the same length.');
      }
    }
    return parts;
  }

  async #abortUpload(bucket: Bucket, addressed: Addressed): Promise<void> {
    const upload = openUpload(bucket, addressed);
    delete bucket.uploads[upload.uploadId];
    this.#storage.save();
    await this.#storage.discard(Object.values(upload.parts).map((part) => part.segment));
  }

  #tag(digest: string, effect: Effect | null): string {
    if (effect?.type === 'wrongEtag') return digest.includes('-') ? `${wrongTag}-${digest.split('-')[1]}` : wrongTag;
    return this.#dialect.opaqueEtags ? `opaque+${digest}` : digest;
  }
}

function openUpload(bucket: Bucket, { key, query }: Addressed): UploadEntry {
  const upload = bucket.uploads[query.get('uploadId') ?? ''];
  if (upload?.key !== key) throw noSuchUpload();
  return upload;
}

function deletedHeaders({ versionId, isMarker }: Deleted): Record<string, string> {
  return {
    ...(versionId === null ? {} : { 'x-amz-version-id': versionId }),
    ...(isMarker ? { 'x-amz-delete-marker': 'true' } : {}),
  };
}

function contentTypeOf(request: IncomingMessage): string {
  return request.headers['content-type'] ?? 'binary/octet-stream';
}

function noSuchUpload(): S3Error {
  return new S3Error(404, 'NoSuchUpload', 'The specified multipart upload does not exist.');
}

function notImplemented(): S3Error {
  return new S3Error(501, 'NotImplemented', 'A header or operation you asked for is not implemented.');
}
