import type { Readable } from 'node:stream';

export interface StoredObject {
  key: string;
  size: number;
  /** The store's own tag of the content, without quotes; null where it has none. */
  etag: string | null;
  modifiedAt: Date;
}

export interface OpenUpload {
  key: string;
  uploadId: string;
  startedAt: Date;
}

export interface UploadLinks {
  uploadId: string;
  /** One for each part, in their order: takes the part by PUT, without a header. */
  urls: string[];
  /** Bytes of every part but the last, which may be shorter. */
  partSize: number;
}

/** A part that somebody else uploaded, with the tag that the store gave it. */
export interface UploadedPart {
  number: number;
  etag: string;
}

/** Uploads that others make by presigned links, where the store can do that. */
export interface RemoteUploads {
  /** Opens an upload of `size` bytes. @throws HoldfastError store_too_large */
  open(key: string, options: { size: number; contentType: string; expiresInSeconds: number }): Promise<UploadLinks>;
  /**
   * Puts the parts together; `null` takes those that the store has. Succeeds also when an earlier call did it and its answer was lost.
   * @throws HoldfastError upload_unverified when the object then has another size than `size` or the parts do not fit;
   * object_missing when there is neither the upload nor the object
   */
  complete(
    upload: Pick<OpenUpload, 'key' | 'uploadId'>,
    options: { parts: readonly UploadedPart[] | null; size: number; signal: AbortSignal },
  ): Promise<StoredObject>;
}

export interface PutOptions {
  signal: AbortSignal;
  contentType?: string | undefined;
}

export interface GetOptions {
  signal: AbortSignal;
  /** Bytes `start` to `end`, both included, counted from 0. */
  range?: { start: number; end: number } | undefined;
}

export interface LinkOptions {
  expiresInSeconds: number;
  /** The file name that a browser saves under. */
  fileName: string;
}

/** What a store answered to a trial write, read and delete. */
export interface StoreProbe {
  ok: boolean;
  /** Sentences: what does not work and what to change. Empty when ok. */
  problems: string[];
}

/**
 * Keeps bytes under keys, knows nothing of databases. Every failure is a `HoldfastError`. Keys are relative, `/`-separated,
 * without empty, `.` or `..` segments. Each implementation passes the store conformance suite.
 */
export interface ObjectStore {
  /**
   * Stores the whole of `body` or nothing: until it resolves the key does not exist, and after a failure neither an
   * object nor an open upload stays, unless the store itself is out of reach (the sweep then finds them by their key).
   * Resolves only with what the store itself answered, compared with what was sent. Memory is bounded whatever the length.
   */
  put(key: string, body: Readable, options: PutOptions): Promise<StoredObject>;
  /**
   * @param options with a signal that can end it, the look waits for a store that is away meanwhile, as `put` and `get` do
   * @returns null when there is no such object; any other failure throws
   */
  head(key: string, options?: { signal: AbortSignal }): Promise<StoredObject | null>;
  /** @throws HoldfastError object_missing. The stream fails when fewer bytes come than the store promised. */
  get(key: string, options: GetOptions): Promise<Readable>;
  list(prefix: string): AsyncIterable<StoredObject>;
  /** Succeeds when the object is not there. */
  delete(key: string): Promise<void>;
  listUploads(prefix: string): AsyncIterable<OpenUpload>;
  /** Succeeds when the upload is not there. */
  abortUpload(upload: OpenUpload): Promise<void>;
  /** A link that needs no header, or null where the API must serve the bytes itself. */
  link(key: string, options: LinkOptions): Promise<string | null>;
  /** Null where others cannot upload by links. */
  readonly remoteUploads: RemoteUploads | null;
  /** Writes, reads back and removes a small object, within 15 s. Never throws for what the store refuses. */
  probe(signal: AbortSignal): Promise<StoreProbe>;
  close(): Promise<void>;
}
