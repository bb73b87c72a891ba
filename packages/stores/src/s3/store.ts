import { GetObjectCommand } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { Readable } from 'node:stream';
import {
  HoldfastError,
  type GetOptions,
  type Ids,
  type LinkOptions,
  type ObjectStore,
  type OpenUpload,
  type PutOptions,
  type RemoteUploads,
  type StoredObject,
  type StoreProbe,
} from '@holdfast/shared/domain';
import { checkKey } from '../keys.ts';
import { probeStore } from '../probe.ts';
import { exactly } from '../streams.ts';
import type { S3Connection } from './connection.ts';
import { storeError } from './errors.ts';
import { contentDisposition } from './disposition.ts';
import { linkSeconds, signPartLinks } from './links.ts';
import { partsProbe } from './parts-probe.ts';
import { S3RemoteUploads } from './remote-uploads.ts';
import { S3Requests } from './requests.ts';
import { Upload, type UploadSettings } from './upload.ts';

/** Objects in a bucket of S3 or of a server that speaks its protocol. */
export class S3Store implements ObjectStore {
  readonly remoteUploads: RemoteUploads;
  readonly #connection: S3Connection;
  readonly #requests: S3Requests;
  readonly #upload: UploadSettings;
  readonly #ids: Ids;
  /** Ends what has no signal of its own when the store is closed. */
  readonly #closing = new AbortController();

  constructor(connection: S3Connection, upload: UploadSettings, ids: Ids) {
    this.#connection = connection;
    this.#requests = new S3Requests(connection);
    this.#upload = upload;
    this.#ids = ids;
    this.remoteUploads = new S3RemoteUploads({
      requests: this.#requests,
      prefix: connection.target.prefix,
      maxParts: upload.plan.maxParts,
      options: upload.options,
      sign: (key, links) => signPartLinks(connection, key, links),
      closing: this.#closing.signal,
    });
  }

  async put(key: string, body: Readable, options: PutOptions): Promise<StoredObject> {
    try {
      checkKey(this.#connection.target.prefix + key);
    } catch (error) {
      body.on('error', () => undefined).destroy();
      throw error;
    }
    return new Upload(this.#requests, this.#upload, key, options).run(body);
  }

  async head(key: string): Promise<StoredObject | null> {
    checkKey(key);
    const found = await this.#requests.head(key, this.#closing.signal);
    return found && { key, size: found.size, etag: found.etag, modifiedAt: found.modifiedAt };
  }

  async get(key: string, { signal, range }: GetOptions): Promise<Readable> {
    checkKey(key);
    const { bucket, prefix, host, region } = this.#connection.target;
    const action = `Reading "${key}"`;
    const answer = await this.#connection.call(action, signal, (options) =>
      this.#connection.downloads.send(
        new GetObjectCommand({
          Bucket: bucket,
          Key: prefix + key,
          ...(range ? { Range: `bytes=${range.start}-${range.end}` } : {}),
        }),
        options,
      ),
    );
    const { Body: body, ContentLength: expected } = answer;
    if (!(body instanceof Readable) || expected === undefined) {
      throw new HoldfastError('store_failed', `${action} failed: the store did not say how many bytes come.`);
    }
    return exactly(body, {
      expected,
      signal,
      idleMs: this.#upload.options.idleTimeoutMs,
      classify: (thrown) => storeError(thrown, { action, bucket, host, region }),
      subject: `The object "${key}"`,
    });
  }

  list(prefix: string): AsyncIterable<StoredObject> {
    return this.#requests.list(prefix, this.#closing.signal);
  }

  async delete(key: string): Promise<void> {
    checkKey(key);
    await this.#requests.delete(key, this.#closing.signal);
  }

  listUploads(prefix: string): AsyncIterable<OpenUpload> {
    return this.#requests.listUploads(prefix, this.#closing.signal);
  }

  async abortUpload(upload: OpenUpload): Promise<void> {
    checkKey(upload.key);
    await this.#requests.abortUpload(upload, this.#closing.signal);
  }

  async link(key: string, { expiresInSeconds, fileName }: LinkOptions): Promise<string> {
    checkKey(key);
    const { bucket, prefix } = this.#connection.target;
    const command = new GetObjectCommand({
      Bucket: bucket,
      Key: prefix + key,
      ResponseContentDisposition: contentDisposition(fileName),
    });
    const expiresIn = linkSeconds(expiresInSeconds);
    return this.#connection.call(`Signing a link to "${key}"`, this.#closing.signal, () =>
      getSignedUrl(this.#connection.client, command, { expiresIn }),
    );
  }

  async probe(signal: AbortSignal): Promise<StoreProbe> {
    return probeStore(this, this.#ids, signal, [partsProbe(this.#requests)]);
  }

  async close(): Promise<void> {
    this.#closing.abort(new HoldfastError('cancelled', 'The store was closed.'));
    this.#connection.close();
  }
}
