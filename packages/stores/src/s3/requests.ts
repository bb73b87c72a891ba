import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { HoldfastError, type ErrorCode, type OpenUpload, type StoredObject } from '@holdfast/shared/domain';
import type { S3Connection } from './connection.ts';
import { isNoSuchUpload, isNotImplemented } from './errors.ts';
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
      await this.#connection.call('Looking at the bucket', signal, (options) =>
        this.#connection.client.send(
          new ListObjectsV2Command({ Bucket: this.#bucket, Prefix: this.#prefix + key, MaxKeys: 1 }),
          options,
        ),
      );
    } catch (error) {
      if (error instanceof HoldfastError && error.code === 'store_denied') return;
      throw error;
    }
  }

  /** The answer to HEAD has no body and so no reason: `check` finds it. */
  async head(key: string, signal: AbortSignal): Promise<DescribedObject | null> {
    try {
      const answer = await this.#connection.call(`Looking at "${key}"`, signal, (options) =>
        this.#connection.client.send(new HeadObjectCommand({ Bucket: this.#bucket, Key: this.#prefix + key }), options),
      );
      return {
        key,
        size: answer.ContentLength ?? 0,
        etag: answer.ETag === undefined ? null : plainTag(answer.ETag),
        digest: digestTag(answer.ETag, answer.ServerSideEncryption),
        modifiedAt: answer.LastModified ?? new Date(0),
      };
    } catch (error) {
      if (!(error instanceof HoldfastError) || !unexplained.has(error.code)) throw error;
      await this.check(key, signal);
      if (error.code === 'object_missing') return null;
      throw error;
    }
  }

  async putObject(key: string, body: Buffer, md5: Buffer, contentType: string, signal: AbortSignal): Promise<void> {
    await this.#connection.call(`Storing "${key}"`, signal, (options) =>
      this.#connection.client.send(
        new PutObjectCommand({
          Bucket: this.#bucket,
          Key: this.#prefix + key,
          Body: body,
          ContentLength: body.length,
          ContentMD5: md5.toString('base64'),
          ContentType: contentType,
        }),
        options,
      ),
    );
  }

  /** @returns the upload's id, and whether trials before may have opened uploads whose ids are not known */
  async createUpload(
    key: string,
    contentType: string,
    signal: AbortSignal,
  ): Promise<{ uploadId: string; retried: boolean }> {
    const answer = await this.#connection.call(`Starting the upload of "${key}"`, signal, (options) =>
      this.#connection.client.send(
        new CreateMultipartUploadCommand({ Bucket: this.#bucket, Key: this.#prefix + key, ContentType: contentType }),
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
    if (!answer.ETag) {
      throw new HoldfastError('upload_unverified', `${action} failed: the store confirmed it without an ETag.`);
    }
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
    let marker: string | undefined;
    try {
      do {
        const page = await this.#connection.call(`Listing the parts of "${key}"`, signal, (options) =>
          this.#connection.client.send(
            new ListPartsCommand({
              Bucket: this.#bucket,
              Key: this.#prefix + key,
              UploadId: uploadId,
              ...(marker === undefined ? {} : { PartNumberMarker: marker }),
            }),
            options,
          ),
        );
        for (const { PartNumber: number = 0, ETag: etag = '', Size: size = 0 } of page.Parts ?? []) {
          parts.push({ number, etag, digest: digestTag(etag, undefined), size });
        }
        marker = page.IsTruncated ? page.NextPartNumberMarker : undefined;
      } while (marker !== undefined);
    } catch (error) {
      if (error instanceof HoldfastError && isNoSuchUpload(error)) return null;
      throw error;
    }
    return parts;
  }

  async delete(key: string, signal: AbortSignal): Promise<void> {
    try {
      await this.#connection.call(`Removing "${key}"`, signal, (options) =>
        this.#connection.client.send(
          new DeleteObjectCommand({ Bucket: this.#bucket, Key: this.#prefix + key }),
          options,
        ),
      );
    } catch (error) {
      if (!(error instanceof HoldfastError) || error.code !== 'object_missing') throw error;
    }
  }

  async abortUpload({ key, uploadId }: Pick<OpenUpload, 'key' | 'uploadId'>, signal: AbortSignal): Promise<void> {
    try {
      await this.#connection.call(`Removing the unfinished upload of "${key}"`, signal, (options) =>
        this.#connection.client.send(
          new AbortMultipartUploadCommand({ Bucket: this.#bucket, Key: this.#prefix + key, UploadId: uploadId }),
          options,
        ),
      );
    } catch (error) {
      if (!(error instanceof HoldfastError) || !isNoSuchUpload(error)) throw error;
    }
  }

  async *list(prefix: string, signal: AbortSignal): AsyncGenerator<StoredObject> {
    let token: string | undefined;
    do {
      const page = await this.#connection.call('Listing the objects', signal, (options) =>
        this.#connection.client.send(
          new ListObjectsV2Command({
            Bucket: this.#bucket,
            Prefix: this.#prefix + prefix,
            ...(token === undefined ? {} : { ContinuationToken: token }),
          }),
          options,
        ),
      );
      for (const { Key, Size, ETag, LastModified } of page.Contents ?? []) {
        if (!Key?.startsWith(this.#prefix)) continue;
        yield {
          key: Key.slice(this.#prefix.length),
          size: Size ?? 0,
          etag: ETag === undefined ? null : plainTag(ETag),
          modifiedAt: LastModified ?? new Date(0),
        };
      }
      token = page.IsTruncated ? page.NextContinuationToken : undefined;
    } while (token !== undefined);
  }

  /** A provider that cannot list uploads has none to be found: its own lifecycle rule must remove them. */
  async *listUploads(prefix: string, signal: AbortSignal): AsyncGenerator<OpenUpload> {
    let markers: { KeyMarker?: string; UploadIdMarker?: string } | undefined = {};
    while (markers) {
      const from: { KeyMarker?: string; UploadIdMarker?: string } = markers;
      const page = await this.#connection
        .call('Listing the unfinished uploads', signal, (options) =>
          this.#connection.client.send(
            new ListMultipartUploadsCommand({ Bucket: this.#bucket, Prefix: this.#prefix + prefix, ...from }),
            options,
          ),
        )
        .catch((error: unknown) => {
          if (error instanceof HoldfastError && isNotImplemented(error)) return null;
          throw error;
        });
      for (const { Key, UploadId, Initiated } of page?.Uploads ?? []) {
        if (!Key?.startsWith(this.#prefix) || UploadId === undefined) continue;
        yield { key: Key.slice(this.#prefix.length), uploadId: UploadId, startedAt: Initiated ?? new Date(0) };
      }
      markers =
        page?.IsTruncated && page.NextKeyMarker
          ? {
              KeyMarker: page.NextKeyMarker,
              ...(page.NextUploadIdMarker ? { UploadIdMarker: page.NextUploadIdMarker } : {}),
            }
          : undefined;
    }
  }
}
