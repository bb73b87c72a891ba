import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  PutObjectCommand,
  PutObjectRetentionCommand,
  UploadPartCommand,
  type HeadObjectCommandOutput,
} from '@aws-sdk/client-s3';
import {
  HoldfastError,
  type ErrorCode,
  type ObjectRetention,
  type OpenUpload,
  type StoredObject,
} from '@holdfast/shared/domain';
import type { CallOptions, S3Connection } from './connection.ts';
import { isInvalidRequest, isNoSuchUpload, isNotImplemented } from './errors.ts';
import { mustBeList, pages } from './pages.ts';
import { digestTag, plainTag, type DescribedObject } from './verify.ts';

/** Codes that an answer without a body may have instead of a more precise one. */
const unexplained: ReadonlySet<ErrorCode> = new Set(['object_missing', 'store_denied', 'store_failed']);

/** A part as the store confirmed it. */
export interface SentPart {
  number: number;
  /** As the store gave it; it wants it back like that. */
  etag: string;
  /** The ETag where it is a digest of the part. */
  digest: string | null;
}

/** What an object is to have beside its bytes. */
export interface ObjectTerms {
  contentType: string;
  retention?: ObjectRetention | undefined;
}

/** A part as the store lists it. */
export interface ListedPart extends SentPart {
  size: number;
}

/** The S3 operations that a store consists of, with the destination's prefix put before keys and taken off again. */
export class S3Requests {
  readonly #connection: S3Connection;
  readonly #bucket: string;
  readonly #prefix: string;

  constructor(connection: S3Connection) {
    this.#connection = connection;
    this.#bucket = connection.target.bucket;
    this.#prefix = connection.target.prefix;
  }

  /**
   * Finds a missing bucket, a wrong key or an unreachable store before any byte is read. A key that may write but not
   * list passes.
   */
  async check(key: string, signal: AbortSignal): Promise<void> {
    try {
      const action = 'Looking at the bucket';
      const answer = await this.#connection.call(action, signal, (options) =>
        this.#connection.client.send(
          new ListObjectsV2Command({ Bucket: this.#bucket, Prefix: this.#prefix + key, MaxKeys: 1 }),
          options,
        ),
      );
      mustBeList(answer, action, this.#connection.target.host);
    } catch (error) {
      if (error instanceof HoldfastError && error.code === 'store_denied') return;
      throw error;
    }
  }

  /** The answer to HEAD has no body and so no reason: `check` finds it. */
  async head(key: string, signal: AbortSignal): Promise<DescribedObject | null> {
    try {
      const action = `Looking at "${key}"`;
      const answer = await this.#connection.call(action, signal, (options) =>
        this.#connection.client.send(new HeadObjectCommand({ Bucket: this.#bucket, Key: this.#prefix + key }), options),
      );
      if (answer.ContentLength === undefined) {
        throw new HoldfastError('store_failed', `${action} failed: the store did not say how large the object is.`);
      }
      return {
        key,
        size: answer.ContentLength,
        etag: answer.ETag === undefined ? null : plainTag(answer.ETag),
        digest: digestTag(answer.ETag, answer.ServerSideEncryption),
        modifiedAt: answer.LastModified ?? new Date(0),
        retention: retentionIn(answer),
      };
    } catch (error) {
      if (!(error instanceof HoldfastError) || !unexplained.has(error.code)) throw error;
      await this.check(key, signal);
      if (error.code === 'object_missing') return null;
      throw error;
    }
  }

  async putObject(
    key: string,
    { body, md5 }: { body: Buffer; md5: Buffer },
    { contentType, retention }: ObjectTerms,
    signal: AbortSignal,
  ): Promise<void> {
    const action = `Storing "${key}"`;
    const answer = await this.#callLocking(action, retention, signal, (options) =>
      this.#connection.client.send(
        new PutObjectCommand({
          Bucket: this.#bucket,
          Key: this.#prefix + key,
          Body: body,
          ContentLength: body.length,
          ContentMD5: md5.toString('base64'),
          ContentType: contentType,
          ...lockFields(retention),
        }),
        options,
      ),
    );
    if (!answer.ETag) throw unconfirmed(action);
  }

  /** A bucket without locks takes nothing that is to be locked. @throws HoldfastError configuration then */
  async #callLocking<T>(
    action: string,
    retention: ObjectRetention | undefined,
    signal: AbortSignal,
    run: (options: CallOptions) => Promise<T>,
  ): Promise<T> {
    try {
      return await this.#connection.call(action, signal, run);
    } catch (error) {
      if (!retention || !(error instanceof HoldfastError) || !isInvalidRequest(error)) throw error;
      throw new HoldfastError(
        'configuration',
        `${error.message} Objects cannot be locked there: use a bucket that was created with Object Lock, or remove object_lock from the destination.`,
        { cause: error },
      );
    }
  }

  /** @returns the upload's id, and whether trials before may have opened uploads whose ids are not known */
  async createUpload(
    key: string,
    { contentType, retention }: ObjectTerms,
    signal: AbortSignal,
  ): Promise<{ uploadId: string; retried: boolean }> {
    const answer = await this.#callLocking(`Starting the upload of "${key}"`, retention, signal, (options) =>
      this.#connection.client.send(
        new CreateMultipartUploadCommand({
          Bucket: this.#bucket,
          Key: this.#prefix + key,
          ContentType: contentType,
          ...lockFields(retention),
        }),
        options,
      ),
    );
    if (!answer.UploadId) {
      throw new HoldfastError('store_failed', `The store started the upload of "${key}" but gave it no id.`);
    }
    return { uploadId: answer.UploadId, retried: (answer.$metadata.attempts ?? 1) > 1 };
  }

  async uploadPart(
    upload: { key: string; uploadId: string },
    number: number,
    body: Buffer,
    md5: Buffer,
    signal: AbortSignal,
  ): Promise<SentPart> {
    const action = `Storing part ${number} of "${upload.key}"`;
    const answer = await this.#connection.call(action, signal, (options) =>
      this.#connection.client.send(
        new UploadPartCommand({
          Bucket: this.#bucket,
          Key: this.#prefix + upload.key,
          UploadId: upload.uploadId,
          PartNumber: number,
          Body: body,
          ContentLength: body.length,
          ContentMD5: md5.toString('base64'),
        }),
        options,
      ),
    );
    if (!answer.ETag) throw unconfirmed(action);
    const digest = digestTag(answer.ETag, answer.SSECustomerAlgorithm ?? answer.ServerSideEncryption);
    if (digest !== null && digest !== md5.toString('hex')) {
      throw new HoldfastError(
        'upload_unverified',
        `${action} failed: the store's checksum is not that of the bytes sent.`,
      );
    }
    return { number, etag: answer.ETag, digest };
  }

  /** @throws HoldfastError store_failed also when the store answers 200 and the answer is not a completed upload */
  async completeUpload(
    upload: { key: string; uploadId: string },
    parts: readonly SentPart[],
    signal: AbortSignal,
  ): Promise<void> {
    const action = `Completing the upload of "${upload.key}"`;
    const answer = await this.#connection.call(action, signal, (options) =>
      this.#connection.client.send(
        new CompleteMultipartUploadCommand({
          Bucket: this.#bucket,
          Key: this.#prefix + upload.key,
          UploadId: upload.uploadId,
          MultipartUpload: { Parts: parts.map(({ number, etag }) => ({ PartNumber: number, ETag: etag })) },
        }),
        options,
      ),
    );
    // Ceph names the key and leaves the ETag empty; what it holds is looked at in any case.
    if (!answer.ETag && !answer.Key) {
      throw new HoldfastError('store_failed', `${action} failed: the store's answer does not confirm it.`);
    }
  }

  /** @returns the parts that the store has; null when there is no such upload (any more) */
  async listParts(
    { key, uploadId }: Pick<OpenUpload, 'key' | 'uploadId'>,
    signal: AbortSignal,
  ): Promise<ListedPart[] | null> {
    const parts: ListedPart[] = [];
    const action = `Listing the parts of "${key}"`;
    const listed = pages({
      action,
      host: this.#connection.target.host,
      fetch: (from: string | null) =>
        this.#connection.call(action, signal, (options) =>
          this.#connection.client.send(
            new ListPartsCommand({
              Bucket: this.#bucket,
              Key: this.#prefix + key,
              UploadId: uploadId,
              ...(from === null ? {} : { PartNumberMarker: from }),
            }),
            options,
          ),
        ),
      next: (page) => page.NextPartNumberMarker,
    });
    try {
      for await (const { Parts } of listed) {
        for (const { PartNumber: number = 0, ETag: etag = '', Size: size = 0 } of Parts ?? []) {
          parts.push({ number, etag, digest: digestTag(etag, undefined), size });
        }
      }
    } catch (error) {
      if (error instanceof HoldfastError && isNoSuchUpload(error)) return null;
      throw error;
    }
    return parts;
  }

  /** Locks an object that is there already. */
  async putRetention(key: string, retention: ObjectRetention, signal: AbortSignal): Promise<void> {
    const { mode, until } = retention;
    await this.#connection.call(`Locking "${key}"`, signal, (options) =>
      this.#connection.client.send(
        new PutObjectRetentionCommand({
          Bucket: this.#bucket,
          Key: this.#prefix + key,
          Retention: { Mode: lockModes[mode], RetainUntilDate: until },
        }),
        options,
      ),
    );
  }

  /** What keeps a version from being removed. */
  async lockOf(key: string, versionId: string, signal: AbortSignal): Promise<{ until: Date | null; isHeld: boolean }> {
    const answer = await this.#connection.call(`Looking at the lock of "${key}"`, signal, (options) =>
      this.#connection.client.send(
        new HeadObjectCommand({ Bucket: this.#bucket, Key: this.#prefix + key, VersionId: versionId }),
        options,
      ),
    );
    return { until: answer.ObjectLockRetainUntilDate ?? null, isHeld: answer.ObjectLockLegalHoldStatus === 'ON' };
  }

  async *list(prefix: string, signal: AbortSignal): AsyncGenerator<StoredObject> {
    const action = 'Listing the objects';
    const Prefix = this.#prefix + prefix;
    const listed = pages({
      action,
      host: this.#connection.target.host,
      fetch: (from: string | null) =>
        this.#connection.call(action, signal, (options) =>
          this.#connection.client.send(
            new ListObjectsV2Command({
              Bucket: this.#bucket,
              Prefix,
              ...(from === null ? {} : { ContinuationToken: from }),
            }),
            options,
          ),
        ),
      next: (page) => page.NextContinuationToken,
    });
    for await (const { Contents } of listed) {
      for (const { Key, Size, ETag, LastModified } of Contents ?? []) {
        if (!Key?.startsWith(this.#prefix)) continue;
        yield {
          key: Key.slice(this.#prefix.length),
          size: Size ?? 0,
          etag: ETag === undefined ? null : plainTag(ETag),
          modifiedAt: LastModified ?? new Date(0),
        };
      }
    }
  }

  /** A provider that cannot list uploads has none to be found: its own lifecycle rule must remove them. */
  async *listUploads(prefix: string, signal: AbortSignal): AsyncGenerator<OpenUpload> {
    const action = 'Listing the unfinished uploads';
    const Prefix = this.#prefix + prefix;
    const listed = pages({
      action,
      host: this.#connection.target.host,
      fetch: (from: { KeyMarker: string; UploadIdMarker?: string } | null) =>
        this.#connection
          .call(action, signal, (options) =>
            this.#connection.client.send(
              new ListMultipartUploadsCommand({ Bucket: this.#bucket, Prefix, ...from }),
              options,
            ),
          )
          .catch((error: unknown) => {
            if (error instanceof HoldfastError && isNotImplemented(error)) return null;
            throw error;
          }),
      next: ({ NextKeyMarker: KeyMarker, NextUploadIdMarker: UploadIdMarker }) =>
        KeyMarker ? { KeyMarker, ...(UploadIdMarker ? { UploadIdMarker } : {}) } : undefined,
    });
    for await (const { Uploads } of listed) {
      for (const { Key, UploadId, Initiated } of Uploads ?? []) {
        if (!Key?.startsWith(this.#prefix) || UploadId === undefined) continue;
        yield { key: Key.slice(this.#prefix.length), uploadId: UploadId, startedAt: Initiated ?? new Date(0) };
      }
    }
  }
}

const lockModes = { governance: 'GOVERNANCE', compliance: 'COMPLIANCE' } as const;

function lockFields(retention: ObjectRetention | undefined) {
  if (!retention) return {};
  return { ObjectLockMode: lockModes[retention.mode], ObjectLockRetainUntilDate: retention.until };
}

/** The lock that the store tells of; null also where it does not tell. */
function retentionIn(answer: HeadObjectCommandOutput): ObjectRetention | null {
  const { ObjectLockMode: mode, ObjectLockRetainUntilDate: until } = answer;
  if (!until || !mode) return null;
  return { mode: mode === 'COMPLIANCE' ? 'compliance' : 'governance', until };
}

/** An error that came as a 200, or a proxy's page, has none. */
function unconfirmed(action: string): HoldfastError {
  return new HoldfastError('upload_unverified', `${action} failed: the store confirmed it without an ETag.`);
}
