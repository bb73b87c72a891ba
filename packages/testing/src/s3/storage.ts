import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** A stretch of bytes in one file; a file name of null stands for zeros that were not kept. */
export interface Segment {
  file: string | null;
  size: number;
}

/** Until when a version must not be removed, in milliseconds. */
export interface Retention {
  mode: 'GOVERNANCE' | 'COMPLIANCE';
  until: number;
}

export interface StoredEntry {
  size: number;
  etag: string;
  contentType: string;
  modifiedAt: number;
  segments: Segment[];
  /** `null` as a text where the bucket did not keep versions when it was put. */
  versionId: string;
  retention?: Retention;
}

/** A version that is not the current object: an earlier one, or a delete marker. */
export interface OldVersion {
  versionId: string;
  modifiedAt: number;
  /** Null for a delete marker. */
  object: StoredEntry | null;
}

export interface PartEntry {
  size: number;
  etag: string;
  segment: Segment;
}

export interface UploadEntry {
  key: string;
  uploadId: string;
  contentType: string;
  startedAt: number;
  parts: Record<number, PartEntry>;
  retention?: Retention;
}

export interface Bucket {
  /** The current objects. */
  objects: Record<string, StoredEntry>;
  /** By their keys, the newest first; a key whose newest version is a delete marker has no current object. */
  older: Record<string, OldVersion[]>;
  uploads: Record<string, UploadEntry>;
  versioning?: 'Enabled' | 'Suspended';
  /** Set where objects can be locked, with what they are locked by when nothing else is asked for. */
  objectLock?: { rule?: { mode: Retention['mode']; days: number } };
}

const flushBytes = 1024 * 1024;

interface Written {
  size: number;
  md5: Buffer;
  segment: Segment;
}

/**
 * Bytes in files, everything else in memory and, after each change, in `index.json`. An object made of parts keeps the
 * parts' files, so completing an upload moves no bytes.
 */
export class Storage {
  readonly #folder: string;
  readonly #keepBytes: boolean;
  readonly #index: string;
  readonly #buckets: Record<string, Bucket>;

  constructor(folder: string, keepBytes: boolean) {
    this.#folder = folder;
    this.#keepBytes = keepBytes;
    mkdirSync(folder, { recursive: true });
    this.#index = join(folder, 'index.json');
    this.#buckets = existsSync(this.#index)
      ? (JSON.parse(readFileSync(this.#index, 'utf8')) as Record<string, Bucket>)
      : {};
  }

  bucket(name: string): Bucket | undefined {
    return Object.hasOwn(this.#buckets, name) ? this.#buckets[name] : undefined;
  }

  bucketNames(): string[] {
    return Object.keys(this.#buckets).sort();
  }

  createBucket(name: string, { versioning = false, objectLock = false } = {}): void {
    this.#buckets[name] ??= {
      objects: {},
      older: {},
      uploads: {},
      ...(versioning || objectLock ? { versioning: 'Enabled' } : {}),
      ...(objectLock ? { objectLock: {} } : {}),
    };
    this.save();
  }

  removeBucket(name: string): void {
    delete this.#buckets[name];
    this.save();
  }

  /** Called after each change, so that a process that is killed and started again knows what it had confirmed. */
  save(): void {
    const next = `${this.#index}.next`;
    writeFileSync(next, JSON.stringify(this.#buckets));
    renameSync(next, this.#index);
  }

  /** Keeps the bytes; nothing stays when they fail. */
  async write(chunks: AsyncIterable<Buffer>): Promise<Written> {
    const md5 = createHash('md5');
    let size = 0;
    const name = this.#keepBytes ? randomUUID() : null;
    const handle = name === null ? null : await open(join(this.#folder, name), 'wx');
    let waiting: Buffer[] = [];
    let waitingBytes = 0;
    const flush = async (): Promise<void> => {
      if (waitingBytes > 0) await handle?.writev(waiting);
      waiting = [];
      waitingBytes = 0;
    };
    try {
      for await (const chunk of chunks) {
        md5.update(chunk);
        size += chunk.length;
        waiting.push(chunk);
        waitingBytes += chunk.length;
        if (waitingBytes >= flushBytes) await flush();
      }
      await flush();
    } catch (error) {
      await handle?.close();
      if (name !== null) await this.#unlink(name);
      throw error;
    }
    await handle?.close();
    return { size, md5: md5.digest(), segment: { file: name, size } };
  }

  async *read(segments: readonly Segment[], start: number, end: number): AsyncGenerator<Buffer> {
    let offset = 0;
    for (const { file, size } of segments) {
      const from = Math.max(0, start - offset);
      const to = Math.min(size - 1, end - offset);
      offset += size;
      if (from > to) continue;
      if (file === null) yield* zeros(to - from + 1);
      else yield* createReadStream(join(this.#folder, file), { start: from, end: to, highWaterMark: 256 * 1024 });
    }
  }

  async discard(segments: readonly Segment[]): Promise<void> {
    for (const { file } of segments) if (file !== null) await this.#unlink(file);
  }

  /** Changes one stored byte behind everybody's back. */
  async corrupt(segments: readonly Segment[], position: number): Promise<void> {
    let offset = 0;
    for (const { file, size } of segments) {
      if (file !== null && position < offset + size) {
        const handle = await open(join(this.#folder, file), 'r+');
        const byte = Buffer.alloc(1);
        await handle.read(byte, 0, 1, position - offset);
        await handle.write(Buffer.from([~(byte[0] ?? 0) & 0xff]), 0, 1, position - offset);
        await handle.close();
        return;
      }
      offset += size;
    }
  }

  async #unlink(name: string): Promise<void> {
    await rm(join(this.#folder, name), { force: true });
  }
}

function* zeros(count: number): Generator<Buffer> {
  const block = Buffer.alloc(256 * 1024);
  for (let left = count; left > 0; left -= block.length) yield left < block.length ? block.subarray(0, left) : block;
}
