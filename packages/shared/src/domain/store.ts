import type { Readable } from 'node:stream';
import { HoldfastError } from './errors.ts';

export interface StoredObject {
  key: string;
  size: number;
  /** The store's own tag of the content, without quotes; null where it has none. */
  etag: string | null;
  modifiedAt: Date;
  /** Until then the store refuses to remove it; absent where it does not, or nobody asked, or nobody may know. */
  lockedUntil?: Date;
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
    options: {
      parts: readonly UploadedPart[] | null;
      size: number;
      signal: AbortSignal;
      /** Absent: the object is not locked. */
      retention?: ObjectRetention | undefined;
    },
  ): Promise<StoredObject>;
}

/** Until when a store must refuse to remove or replace an object. `governance`: unless a privileged user insists. */
export interface ObjectRetention {
  mode: 'governance' | 'compliance';
  until: Date;
}

/** How a destination locks what is stored in it: each object for so many days from the moment on at which it is put. */
export interface LockTerms {
  mode: ObjectRetention['mode'];
  days: number;
}

/** Why an object was not removed: the store keeps it until then, or, where `until` is null, for as long as somebody holds it. */
export class ObjectLockedError extends HoldfastError {
  readonly until: Date | null;

  constructor(key: string, until: Date | null) {
    const end = until
      ? `until ${until.toISOString()}: it can be removed then`
      : 'by a hold without an end: release the hold to have it removed';
    super('object_locked', `The store keeps "${key}" locked ${end}.`);
    this.until = until;
  }
}

const dayMs = 24 * 3_600_000;

/** How an object that is put now is locked; null where it is not. */
export function retentionFrom(now: Date, terms: LockTerms | null): ObjectRetention | null {
  return terms && { mode: terms.mode, until: new Date(now.getTime() + terms.days * dayMs) };
}

export interface PutOptions {
  signal: AbortSignal;
  contentType?: string | undefined;
  /** Only where the store can do it: elsewhere `put` fails with `configuration`. */
  retention?: ObjectRetention | undefined;
}

/** What a place can do, as it was last seen; null where it could not be found out. */
export interface StoreCapabilities {
  /** Whether what is replaced or deleted stays as an older version. */
  versioning: boolean | null;
  objectLock: boolean | null;
  /** Whether the credentials that write may also delete. */
  writerMayDelete: boolean | null;
}

/** Whether anything at all could be found out. */
export const knowsSomething = (capabilities: StoreCapabilities): boolean =>
  Object.values(capabilities).some((answer) => answer !== null);

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
  /**
   * Removes the object for good, where the place keeps versions with all of them. Succeeds when it is not there.
   * @throws HoldfastError object_locked, while the store refuses to remove it
   */
  delete(key: string): Promise<void>;
  /**
   * Keys that hold no object any more but of which the place keeps older versions, so that `delete` is not done with them and
   * somebody could bring them back. None where nothing is kept, or where nobody may ask.
   */
  listHidden(prefix: string): AsyncIterable<string>;
  listUploads(prefix: string): AsyncIterable<OpenUpload>;
  /** Succeeds when the upload is not there. */
  abortUpload(upload: OpenUpload): Promise<void>;
  /** A link that needs no header, or null where the API must serve the bytes itself. */
  link(key: string, options: LinkOptions): Promise<string | null>;
  /** Null where others cannot upload by links. */
  readonly remoteUploads: RemoteUploads | null;
  /** Writes, reads back and removes a small object, within 15 s. Never throws for what the store refuses. */
  probe(signal: AbortSignal): Promise<StoreProbe>;
  /** Asks what the place can do. Never throws for what the store refuses to tell. */
  capabilities(signal: AbortSignal): Promise<StoreCapabilities>;
  close(): Promise<void>;
}
