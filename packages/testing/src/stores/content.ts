import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';

/** Reproducible bytes that do not repeat at the size of a part. */
export function contentOf(size: number, seed = 1): Buffer {
  const content = Buffer.allocUnsafe(size);
  let state = seed >>> 0 || 1;
  for (let index = 0; index < size; index += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    content[index] = state >>> 24;
  }
  return content;
}

/** The bytes as a stream of chunks of an odd size, so that chunks and parts never fit. */
export function streamOf(content: Buffer, chunkSize = 65_521): Readable {
  return Readable.from(chunks(content, chunkSize), { objectMode: false });
}

function* chunks(content: Buffer, chunkSize: number): Generator<Buffer> {
  for (let start = 0; start < content.length; start += chunkSize) yield content.subarray(start, start + chunkSize);
}

/** A stream that gives the bytes and then fails with `error`. */
export function failingAfter(content: Buffer, error: Error): Readable {
  return Readable.from(
    (function* () {
      yield* chunks(content, 65_521);
      throw error;
    })(),
    { objectMode: false },
  );
}

/** A stream that gives the bytes and then neither more nor an end. */
export function stallingAfter(content: Buffer): Readable {
  const source = chunks(content, 65_521);
  return new Readable({
    read() {
      const next = source.next();
      if (!next.done) this.push(next.value);
    },
  });
}

export function sha256(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** What a promise fails with. @throws Error when it does not fail */
export async function failureOf(work: Promise<unknown>): Promise<unknown> {
  let result: unknown;
  try {
    result = await work;
  } catch (error) {
    return error;
  }
  throw new Error(`Expected a failure, but it succeeded with ${JSON.stringify(result)}.`);
}
