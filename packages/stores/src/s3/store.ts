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
  type StoreCapabilities,
  type StoredObject,
  type StoreProbe,
} from '@holdfast/shared/domain';
import { checkKey } from '../keys.ts';
import { probeStore } from '../probe.ts';
import { askCapabilities, lockProbe } from './capabilities.ts';
import type { S3Connection } from './connection.ts';
import { contentDisposition } from './disposition.ts';
import { Download } from './download.ts';
import { linkSeconds, signPartLinks } from './links.ts';
import { partsProbe } from './parts-probe.ts';
import { S3RemoteUploads } from './remote-uploads.ts';
import { Removals } from './removals.ts';
import { S3Requests } from './requests.ts';
import { Upload, type StoreAccess, type UploadSettings } from './upload.ts';
import type { DescribedObject } from './verify.ts';

/** How a store reaches its bucket. */
export interface S3Connections {
  connection: S3Connection;
  /** With the keys that delete, which may be the same. */
  deleting: S3Connection;
  /** Whether what is stored is to be locked. */
  locks: boolean;
}

/** Objects in a bucket of S3 or of a server that speaks its protocol. */
export class S3Store implements ObjectStore {
  readonly remoteUploads: RemoteUploads;
  readonly #connection: S3Connection;
  readonly #connections: S3Connections;
  readonly #access: StoreAccess;
  readonly #requests: S3Requests;
  readonly #removals: Removals;
  readonly #upload: UploadSettings;
  readonly #ids: Ids;
  /** Ends what has no signal of its own when the store is closed. */
  readonly #closing = new AbortController();

  constructor(connections: S3Connections, upload: UploadSettings, ids: Ids) {
    const { connection, deleting } = connections;
    this.#connections = connections;
    this.#connection = connection;
    this.#requests = new S3Requests(connection);
    this.#removals = new Removals(deleting, this.#requests, upload.patience.options.clock);
    this.#access = { requests: this.#requests, removals: this.#removals };
    this.#upload = upload;
    this.#ids = ids;
    this.remoteUploads = new S3RemoteUploads({
      ...this.#access,
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
    return new Upload(this.#access, this.#upload, key, options).run(body);
  }

  async head(key: string, options?: { signal: AbortSignal }): Promise<StoredObject | null> {
    checkKey(key);
    const signal = AbortSignal.any([this.#closing.signal, ...(options ? [options.signal] : [])]);
    const look = (): Promise<DescribedObject | null> => this.#requests.head(key, signal);
    const found = await (options ? this.#upload.patience.begin().call(signal, look) : look());
    if (!found) return null;
    const { size, etag, modifiedAt, retention } = found;
    return { key, size, etag, modifiedAt, ...(retention && { lockedUntil: retention.until }) };
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
    await this.#removals.delete(key, this.#closing.signal);
  }

  listHidden(prefix: string): AsyncIterable<string> {
    return this.#removals.listHidden(prefix, this.#closing.signal);
  }

  listUploads(prefix: string): AsyncIterable<OpenUpload> {
    return this.#requests.listUploads(prefix, this.#closing.signal);
  }

  async abortUpload(upload: OpenUpload): Promise<void> {
    checkKey(upload.key);
    await this.#removals.abortUpload(upload, this.#closing.signal);
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
    const hasty = new S3Store(this.#connections, { ...this.#upload, patience }, this.#ids);
    const steps = [partsProbe(this.#access), ...(this.#connections.locks ? [lockProbe(this.#connection)] : [])];
    return probeStore(hasty, this.#ids, AbortSignal.any([signal, this.#closing.signal]), steps);
  }

  async capabilities(signal: AbortSignal): Promise<StoreCapabilities> {
    const either = AbortSignal.any([signal, this.#closing.signal]);
    return await askCapabilities(this.#connection, this.#removals, this.#ids, either);
  }

  async close(): Promise<void> {
    this.#closing.abort(new HoldfastError('cancelled', 'The store was closed.'));
    this.#connection.close();
    this.#connections.deleting.close();
  }
}
