import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import {
  HoldfastError,
  ObjectLockedError,
  type GetOptions,
  type ObjectStore,
  type OpenUpload,
  type PutOptions,
  type StoreCapabilities,
  type StoredObject,
} from '@holdfast/shared/domain';

/** Keeps objects in memory. Tests break it by replacing `onChunk`, or by changing `objects` behind its back. */
export class MemoryStore implements ObjectStore {
  readonly remoteUploads = null;
  readonly objects = new Map<string, Buffer>();
  readonly uploads = new Map<string, OpenUpload>();
  /** Until when objects are locked, for those that are. */
  readonly locks = new Map<string, Date>();
  /** Keys in the order in which they became whole. */
  readonly stored: string[] = [];
  /** Called with each chunk before the next one is read; what it throws fails the put. */
  onChunk: (key: string, received: number) => Promise<void> | void = () => undefined;
  closed = 0;

  async put(key: string, body: Readable, { signal, retention }: PutOptions): Promise<StoredObject> {
    const upload = { key, uploadId: `${key}#${this.stored.length}`, startedAt: new Date(0) };
    this.uploads.set(upload.uploadId, upload);
    try {
      const chunks: Buffer[] = [];
      let received = 0;
      for await (const chunk of body) {
        signal.throwIfAborted();
        chunks.push(chunk as Buffer);
        received += (chunk as Buffer).length;
        await this.onChunk(key, received);
      }
      signal.throwIfAborted();
      this.objects.set(key, Buffer.concat(chunks));
      this.stored.push(key);
      if (retention) this.locks.set(key, retention.until);
      return this.#describe(key, Buffer.concat(chunks));
    } finally {
      this.uploads.delete(upload.uploadId);
    }
  }

  async head(key: string): Promise<StoredObject | null> {
    const bytes = this.objects.get(key);
    const lockedUntil = this.locks.get(key);
    return bytes ? { ...this.#describe(key, bytes), ...(lockedUntil && { lockedUntil }) } : null;
  }

  async get(key: string, { signal, range }: GetOptions): Promise<Readable> {
    signal.throwIfAborted();
    const bytes = this.objects.get(key);
    if (!bytes) throw new HoldfastError('object_missing', `There is no object ${key}.`);
    const wanted = range ? bytes.subarray(range.start, range.end + 1) : bytes;
    return Readable.from(pieces(wanted, 10_000), { objectMode: false });
  }

  async *list(prefix: string): AsyncIterable<StoredObject> {
    for (const [key, bytes] of this.objects) if (key.startsWith(prefix)) yield this.#describe(key, bytes);
  }

  async delete(key: string): Promise<void> {
    const until = this.locks.get(key);
    if (until && until.getTime() > Date.now()) throw new ObjectLockedError(key, until);
    this.objects.delete(key);
  }

  async *listHidden(): AsyncIterable<string> {
    // Nothing is kept of what is removed.
  }

  async *listUploads(prefix: string): AsyncIterable<OpenUpload> {
    for (const upload of this.uploads.values()) if (upload.key.startsWith(prefix)) yield upload;
  }

  async abortUpload(upload: OpenUpload): Promise<void> {
    this.uploads.delete(upload.uploadId);
  }

  async link(): Promise<null> {
    return null;
  }

  async probe(): Promise<{ ok: boolean; problems: string[] }> {
    return { ok: true, problems: [] };
  }

  async capabilities(): Promise<StoreCapabilities> {
    return { versioning: false, objectLock: false, writerMayDelete: true };
  }

  async close(): Promise<void> {
    this.closed += 1;
  }

  #describe(key: string, bytes: Buffer): StoredObject {
    const etag = createHash('sha256').update(bytes).digest('hex');
    return { key, size: bytes.length, etag, modifiedAt: new Date(0) };
  }
}

/** Cuts bytes into pieces of at most `size`. */
export function* pieces(bytes: Buffer, size: number): Generator<Buffer> {
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
}
