import { GetObjectCommand } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import type { Readable } from 'node:stream';
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
import type { S3Connection } from './connection.ts';
import { contentDisposition } from './disposition.ts';
import { Download } from './download.ts';
import { linkSeconds, signPartLinks } from './links.ts';
import { partsProbe } from './parts-probe.ts';
import { S3RemoteUploads } from './remote-uploads.ts';
import { S3Requests } from './requests.ts';
import { Upload, type UploadSettings } from './upload.ts';
import type { DescribedObject } from './verify.ts';

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

  async head(key: string, options?: { signal: AbortSignal }): Promise<StoredObject | null> {
    checkKey(key);
    const signal = AbortSignal.any([this.#closing.signal, ...(options ? [options.signal] : [])]);
    const look = (): Promise<DescribedObject | null> => this.#requests.head(key, signal);
    const found = await (options ? this.#upload.patience.begin().call(signal, look) : look());
    return found && { key, size: found.size, etag: found.etag, modifiedAt: found.modifiedAt };
  }

  async get(key: string, options: GetOptions): Promise<Readable> {
    checkKey(key);
    return await new Download(this.#connection, this.#upload.patience, this.#upload.options.idleTimeoutMs, key).open(
      options,
    );
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
    // What does not work is to be said, not waited for.
    const patience = this.#upload.patience.none();
    const hasty = new S3Store(this.#connection, { ...this.#upload, patience }, this.#ids);
    return probeStore(hasty, this.#ids, AbortSignal.any([signal, this.#closing.signal]), [partsProbe(this.#requests)]);
  }

  async close(): Promise<void> {
    this.#closing.abort(new HoldfastError('cancelled', 'The store was closed.'));
    this.#connection.close();
  }
}
