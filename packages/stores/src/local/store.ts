import { constants, type Stats } from 'node:fs';
import { lstat, open, rename, unlink, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  HoldfastError,
  type GetOptions,
  type Ids,
  type ObjectStore,
  type OpenUpload,
  type PutOptions,
  type StoredObject,
  type StoreCapabilities,
  type StoreProbe,
} from '@holdfast/shared/domain';
import { probeStore } from '../probe.ts';
import { abortError, bodyError, exactly, isPrematureClose } from '../streams.ts';
import { fileError, isMissing } from './errors.ts';
import { checkLocalKey, parseTemporary, temporaryPath } from './names.ts';
import { syncFolder, type Root } from './root.ts';
import { walk } from './walk.ts';

const diskIdleMs = 120_000;
const foldersPrunedMeanwhile = 5;

/** Objects as files below one folder. */
export class LocalStore implements ObjectStore {
  readonly remoteUploads = null;
  readonly #root: Root;
  readonly #ids: Ids;

  constructor(root: Root, ids: Ids) {
    this.#root = root;
    this.#ids = ids;
  }

  async put(key: string, body: Readable, { signal, retention }: PutOptions): Promise<StoredObject> {
    // Heard from the start: the body may fail before anybody reads it.
    let failure: unknown;
    body.on('error', (error) => {
      failure = error;
    });
    try {
      checkLocalKey(key);
      if (retention) throw new HoldfastError('configuration', 'A local folder cannot lock what is stored in it.');
      if (signal.aborted) throw abortError(signal);
      return await this.#write(key, body, signal);
    } catch (thrown) {
      const ofBody = thrown === failure || isPrematureClose(thrown);
      const named = ofBody ? bodyError(thrown) : this.#named(thrown, key);
      const error = signal.aborted ? abortError(signal) : named;
      body.destroy(error);
      throw error;
    }
  }

  async #write(key: string, body: Readable, signal: AbortSignal): Promise<StoredObject> {
    await this.#root.make();
    const path = await this.#root.file(key);
    const temporary = temporaryPath(path, this.#ids.uuid());
    const handle = await this.#create(temporary);
    const file = handle.createWriteStream({ autoClose: false, highWaterMark: 1024 * 1024 });
    try {
      let size = 0;
      await pipeline(
        body,
        async (chunks: AsyncIterable<Buffer>) => {
          for await (const chunk of chunks) {
            // Writes all of it where the last one ended. (A write stream on the handle would keep it from being closed.)
            await handle.writeFile(chunk);
            size += chunk.length;
          }
        },
        { signal },
      );
      await handle.sync();
      const { size: written } = await handle.stat();
      if (written !== size) {
        throw new HoldfastError(
          'upload_unverified',
          `The file of "${key}" has ${written} bytes, ${size} were written.`,
        );
      }
      // The handle does not close while a stream uses it.
      file.destroy();
      await handle.close();
      if (signal.aborted) throw abortError(signal);
      await rename(temporary, path);
    } catch (error) {
      file.destroy();
      await handle.close().catch(() => undefined);
      await unlink(temporary).catch(() => undefined);
      await this.#root.prune(dirname(path));
      throw error;
    }
    await syncFolder(dirname(path));
    return asStored(key, await lstat(path));
  }

  /** A delete beside us may prune the folder between its making and its use, so both are tried again. */
  async #create(temporary: string): Promise<FileHandle> {
    for (let trial = 1; ; trial += 1) {
      try {
        await this.#root.makeFolder(dirname(temporary));
        return await open(temporary, 'wx', 0o600);
      } catch (error) {
        if (!isMissing(error) || trial === foldersPrunedMeanwhile) throw error;
      }
    }
  }

  async head(key: string): Promise<StoredObject | null> {
    return this.#naming(key, async () => {
      checkLocalKey(key);
      const stats = await lstat(await this.#root.file(key)).catch((error: unknown) => {
        if (isMissing(error)) return null;
        throw error;
      });
      return stats?.isFile() ? asStored(key, stats) : null;
    });
  }

  async get(key: string, { signal, range }: GetOptions): Promise<Readable> {
    return this.#naming(key, async () => {
      checkLocalKey(key);
      if (signal.aborted) throw abortError(signal);
      const path = await this.#root.file(key);
      const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW).catch((error: unknown) => {
        throw isMissing(error) ? missing(key) : error;
      });
      const stats = await handle.stat();
      const start = range?.start ?? 0;
      const end = Math.min(range?.end ?? Infinity, stats.size - 1);
      if (!stats.isFile() || (range && start >= stats.size)) {
        await handle.close();
        throw stats.isFile() ? shorter(key, stats.size, start) : missing(key);
      }
      if (stats.size === 0) {
        await handle.close();
        return exactly(Readable.from([], { objectMode: false }), this.#exact(key, 0, signal));
      }
      const file = handle.createReadStream({ start, end, highWaterMark: 256 * 1024 });
      return exactly(file, this.#exact(key, end - start + 1, signal));
    });
  }

  #exact(key: string, expected: number, signal: AbortSignal): Parameters<typeof exactly>[1] {
    const classify = (thrown: unknown): HoldfastError => this.#named(thrown, key);
    return { expected, signal, idleMs: diskIdleMs, classify, subject: `The object "${key}"` };
  }

  async *list(prefix: string): AsyncGenerator<StoredObject> {
    for await (const { key, name, stats } of this.#files(prefix)) {
      if (key.startsWith(prefix) && !parseTemporary(name)) yield asStored(key, stats);
    }
  }

  async *listUploads(prefix: string): AsyncGenerator<OpenUpload> {
    for await (const { key: path, name, stats } of this.#files(prefix)) {
      const temporary = parseTemporary(name);
      if (!temporary) continue;
      const key = `${path.slice(0, path.length - name.length)}${temporary.name}`;
      if (key.startsWith(prefix)) yield { key, uploadId: temporary.uploadId, startedAt: stats.birthtime };
    }
  }

  async *#files(prefix: string): ReturnType<typeof walk> {
    try {
      await this.#root.check();
      yield* walk(this.#root.path, prefix.slice(0, prefix.lastIndexOf('/') + 1));
    } catch (error) {
      throw this.#named(error, prefix);
    }
  }

  async delete(key: string): Promise<void> {
    checkLocalKey(key);
    await this.#remove(key, (path) => path);
  }

  async *listHidden(): AsyncGenerator<never> {
    // A folder keeps nothing of what is removed.
  }

  async abortUpload({ key, uploadId }: OpenUpload): Promise<void> {
    checkLocalKey(key);
    checkLocalKey(uploadId);
    await this.#remove(key, (path) => temporaryPath(path, uploadId));
  }

  async #remove(key: string, target: (path: string) => string): Promise<void> {
    await this.#naming(key, async () => {
      const path = target(await this.#root.file(key));
      try {
        await unlink(path);
        await syncFolder(dirname(path));
      } catch (error) {
        if (!isMissing(error)) throw error;
      }
      await this.#root.prune(dirname(path));
    });
  }

  async link(): Promise<null> {
    return null;
  }

  async probe(signal: AbortSignal): Promise<StoreProbe> {
    return probeStore(this, this.#ids, signal);
  }

  async capabilities(): Promise<StoreCapabilities> {
    return { versioning: false, objectLock: false, writerMayDelete: true };
  }

  async close(): Promise<void> {
    // Files are closed by the operation that opened them.
  }

  async #naming<T>(key: string, run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      throw this.#named(error, key);
    }
  }

  #named(thrown: unknown, key: string): HoldfastError {
    return fileError(thrown, join(this.#root.path, key));
  }
}

function asStored(key: string, stats: Stats): StoredObject {
  return { key, size: stats.size, etag: null, modifiedAt: stats.mtime };
}

function missing(key: string): HoldfastError {
  return new HoldfastError('object_missing', `The object "${key}" does not exist in the local store.`);
}

function shorter(key: string, size: number, start: number): HoldfastError {
  return new HoldfastError('integrity', `The object "${key}" has ${size} bytes; byte ${start} was asked for.`);
}
