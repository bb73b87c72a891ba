import { createHash, randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { readText } from './body.ts';
import { S3Error } from './errors.ts';
import type { Dialect, Effect } from './faults.ts';
import { listObjects, listParts, listUploads } from './lists.ts';
import type { Addressed } from './request.ts';
import type { Bucket, PartEntry, Segment, Storage, StoredEntry, UploadEntry } from './storage.ts';
import { elements, unescape, type XmlNode } from './xml.ts';

export interface Call {
  addressed: Addressed;
  request: IncomingMessage;
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

const wrongTag = 'd41d8cd98f00b204e9800998ecf8427f';

/** What each kind of request does. */
export class Operations {
  readonly #storage: Storage;
  readonly #dialect: Dialect;

  constructor(storage: Storage, dialect: Dialect) {
    this.#storage = storage;
    this.#dialect = dialect;
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
      this.#storage.createBucket(name);
      return { status: 200 };
    }
    const bucket = this.#storage.bucket(name);
    if (!bucket) throw new S3Error(404, 'NoSuchBucket', 'The specified bucket does not exist', { BucketName: name });
    switch (kind) {
      case 'headBucket':
        return { status: 200 };
      case 'removeBucket':
        if (Object.keys(bucket.objects).length > 0)
          throw new S3Error(409, 'BucketNotEmpty', 'The bucket is not empty.');
        this.#storage.removeBucket(name);
        return { status: 204 };
      case 'bucketLocation':
        return { status: 200, xml: { root: 'LocationConstraint', content: {} } };
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
        await this.#deleteObject(bucket, key);
        return { status: 204 };
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

  async #putObject(bucket: Bucket, key: string, call: Call): Promise<Answer> {
    if (call.request.headers['x-amz-copy-source'] !== undefined) throw notImplemented();
    const { size, md5, segment } = await this.#storage.write(call.body);
    const etag = this.#tag(md5.toString('hex'), call.effect);
    await this.#replace(bucket, key, {
      size: call.effect?.type === 'loseByte' ? size - 1 : size,
      etag,
      contentType: contentTypeOf(call.request),
      modifiedAt: Date.now(),
      segments: [segment],
    });
    return { status: 200, headers: tagHeader(etag, call.effect) };
  }

  async #replace(bucket: Bucket, key: string, entry: StoredEntry): Promise<void> {
    const old = bucket.objects[key];
    bucket.objects[key] = entry;
    this.#storage.save();
    if (old) await this.#storage.discard(old.segments);
  }

  async #deleteObject(bucket: Bucket, key: string): Promise<void> {
    const old = bucket.objects[key];
    delete bucket.objects[key];
    this.#storage.save();
    if (old) await this.#storage.discard(old.segments);
  }

  async #deleteObjects(bucket: Bucket, call: Call): Promise<Answer> {
    const keys = elements(await readText(call.body), 'Key').map(unescape);
    for (const key of keys) await this.#deleteObject(bucket, key);
    return { status: 200, xml: { root: 'DeleteResult', content: { Deleted: keys.map((Key) => ({ Key })) } } };
  }

  #createUpload(name: string, bucket: Bucket, key: string, request: IncomingMessage): Answer {
    const uploadId = randomUUID();
    const contentType = contentTypeOf(request);
    bucket.uploads[uploadId] = { key, uploadId, contentType, startedAt: Date.now(), parts: {} };
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
    await this.#replace(bucket, upload.key, {
      size: call.effect?.type === 'loseByte' ? size - 1 : size,
      etag,
      contentType: upload.contentType,
      modifiedAt: Date.now(),
      segments: parts.map((part) => part.segment),
    });
    const used = new Set(claimed.map(({ number }) => number));
    const unused = Object.entries(upload.parts).filter(([number]) => !used.has(Number(number)));
    await this.#storage.discard(unused.map(([, part]) => part.segment));
    const tag = call.effect?.type === 'noEtag' ? {} : { ETag: `"${etag}"` };
    const content = { Location: `/${name}/${upload.key}`, Bucket: name, Key: upload.key, ...tag };
    return { status: 200, xml: { root: 'CompleteMultipartUploadResult', content } };
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

function readObject(
  bucket: Bucket,
  { addressed: { key, query, kind }, request, effect }: Call,
  { ignoresConditions, ignoresRanges }: Dialect,
): Answer {
  const object = bucket.objects[key];
  if (!object) throw new S3Error(404, 'NoSuchKey', 'The specified key does not exist.', { Key: key });
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

function openUpload(bucket: Bucket, { key, query }: Addressed): UploadEntry {
  const upload = bucket.uploads[query.get('uploadId') ?? ''];
  if (upload?.key !== key) throw noSuchUpload();
  return upload;
}

function tagHeader(etag: string, effect: Effect | null): Record<string, string> {
  return effect?.type === 'noEtag' ? {} : { etag: `"${etag}"` };
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
