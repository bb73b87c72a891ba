import { Readable } from 'node:stream';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { HoldfastError, type GetOptions } from '@holdfast/shared/domain';
import { exactly } from '../streams.ts';
import type { S3Connection } from './connection.ts';
import { storeError } from './errors.ts';
import type { Outage, Patience, Trials } from './outage.ts';

interface Range {
  start: number;
  end: number;
}

/** A piece of an object on its way. */
interface Piece {
  body: Readable;
  /** Bytes that come. */
  length: number;
  /** As the store gave it. */
  etag: string | null;
}

/** Reads one object as one stream, however often its connections break. */
export class Download {
  readonly #connection: S3Connection;
  readonly #key: string;
  readonly #action: string;
  readonly #idleMs: number;
  readonly #outage: Outage;
  /** Since the last byte. */
  #trials: Trials = { refusals: 0 };
  #seenAtBreak = 0;

  constructor(connection: S3Connection, patience: Patience, idleMs: number, key: string) {
    this.#connection = connection;
    this.#outage = patience.begin();
    this.#idleMs = idleMs;
    this.#key = key;
    this.#action = `Reading "${key}"`;
  }

  async open({ signal, range }: GetOptions): Promise<Readable> {
    const { bucket, host, region } = this.#connection.target;
    const first = await this.#outage.call(signal, () => this.#request(range, null, signal));
    return exactly(first.body, {
      expected: first.length,
      signal,
      idleMs: this.#idleMs,
      classify: (thrown) => storeError(thrown, { action: this.#action, bucket, host, region, keys: 'all' }),
      subject: `The object "${this.#key}"`,
      resume: async ({ seen, error, signal: unread }) => {
        // Without a tag nobody could tell whether the rest belongs to the same object.
        if (first.etag === null) throw error;
        const start = range?.start ?? 0;
        const rest = { start: start + seen, end: start + first.length - 1 };
        return await this.#resume(seen, error, rest, first.etag, AbortSignal.any([signal, unread]));
      },
    });
  }

  /** Bytes alone are a sign of life: a store that answers and then breaks off is as good as away. */
  async #resume(
    seen: number,
    broken: HoldfastError,
    rest: Range,
    etag: string,
    signal: AbortSignal,
  ): Promise<Readable> {
    if (seen > this.#seenAtBreak) {
      this.#outage.heard();
      this.#trials = { refusals: 0 };
    }
    this.#seenAtBreak = seen;
    for (let failure: unknown = broken; ;) {
      await this.#outage.missed(failure, this.#trials, signal);
      try {
        return (await this.#request(rest, etag, signal)).body;
      } catch (error) {
        failure = error;
      }
    }
  }

  /** @param etag of the object that alone is wanted */
  async #request(range: Range | undefined, etag: string | null, signal: AbortSignal): Promise<Piece> {
    const { bucket, prefix } = this.#connection.target;
    const answer = await this.#connection.call(this.#action, signal, (options) =>
      this.#connection.downloads.send(
        new GetObjectCommand({
          Bucket: bucket,
          Key: prefix + this.#key,
          ...(range ? { Range: `bytes=${range.start}-${range.end}` } : {}),
          ...(etag === null ? {} : { IfMatch: etag }),
        }),
        options,
      ),
    );
    const { Body: body, ContentLength: length, ContentRange: given, ETag } = answer;
    if (!(body instanceof Readable)) throw this.#failed('store_failed', 'the store sent no bytes.');
    const refuse = (error: HoldfastError): HoldfastError => {
      body.on('error', () => undefined).destroy();
      return error;
    };
    if (length === undefined) throw refuse(this.#failed('store_failed', 'the store did not say how many bytes come.'));
    if (range && !isOf(given, range.start, length)) {
      throw refuse(this.#failed('store_failed', 'the store sent other bytes than those asked for.'));
    }
    // A store that does not know If-Match sends what it has.
    if (etag !== null && ETag !== etag) {
      throw refuse(this.#failed('integrity', 'the object was replaced by another one while it was read.'));
    }
    return { body, length, etag: ETag ?? null };
  }

  #failed(code: 'store_failed' | 'integrity', why: string): HoldfastError {
    return new HoldfastError(code, `${this.#action} failed: ${why}`);
  }
}

/** Whether a Content-Range speaks of so many bytes from there on. */
function isOf(contentRange: string | undefined, start: number, length: number): boolean {
  const [, first, last] = /^bytes (\d+)-(\d+)\//.exec(contentRange ?? '') ?? [];
  return Number(first) === start && Number(last) === start + length - 1;
}
