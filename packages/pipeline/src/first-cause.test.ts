import { expect } from 'chai';
import { PassThrough, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { HoldfastError } from '@holdfast/shared/domain';
import { FirstCause } from './first-cause.ts';

const forever = new AbortController().signal;

async function failure(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => expect.fail('it succeeded'),
    (error: unknown) => error,
  );
}

/** A source that never ends, joined to a neighbour that is handed the last stream. */
function join(neighbour: (handedOver: Readable, signal: AbortSignal) => Promise<unknown>): Promise<unknown> {
  const first = new FirstCause();
  const source = new Readable({ read() {} });
  source.push('bytes');
  const last = new PassThrough();
  first.watch([source, last]);
  return first.join(forever, () => [pipeline(source, last, { signal: first.signal }), neighbour(last, first.signal)]);
}

describe('FirstCause', () => {
  it('throws what a neighbour says in the end, not what it destroyed the stream with, and leaves its signal alone', async () => {
    const said = new HoldfastError('store_full', 'The disk is full.');
    for (const raw of [new Error('ENOSPC: no space left'), undefined]) {
      let aborted: boolean | null = null;
      const work = join(async (stream, signal) => {
        stream.destroy(raw);
        await new Promise((resolve) => setTimeout(resolve, 20));
        aborted = signal.aborted;
        throw said;
      });
      expect(await failure(work)).to.equal(said);
      expect(aborted).to.equal(false);
    }
  });

  it('throws an error with a code even when a neighbour hides it later', async () => {
    const cause = new HoldfastError('dump_failed', 'pg_dump: error');
    const work = join(async (stream) => {
      stream.destroy(cause);
      await new Promise((resolve) => setTimeout(resolve, 5));
      throw new HoldfastError('store_failed', 'The body failed.');
    });
    expect(await failure(work)).to.equal(cause);
  });

  it('ends the streams when a neighbour gives up without a word on them', async () => {
    for (const error of [new HoldfastError('store_failed'), new DOMException('aborted', 'AbortError')]) {
      expect(await failure(join(() => Promise.reject(error)))).to.equal(error);
    }
  });

  it('ends a neighbour that waits for bytes when another part fails', async () => {
    const first = new FirstCause();
    const input = new PassThrough();
    first.watch([input]);
    const cause = new HoldfastError('object_missing');
    const reading = async (): Promise<void> => {
      for await (const chunk of input) expect(chunk).to.equal('never');
    };
    expect(await failure(first.join(forever, () => [reading(), Promise.reject(cause)]))).to.equal(cause);
  });

  it('throws the cause although another part is stuck', async () => {
    const first = new FirstCause(20);
    const cause = new HoldfastError('store_full');
    const stuck = new Promise<never>(() => undefined);
    expect(await failure(first.join(forever, () => [stuck, Promise.reject(cause)]))).to.equal(cause);
  });

  it('waits for a part that only needs long, as long as nothing failed', async () => {
    const slow = new Promise((resolve) => setTimeout(() => resolve('slow'), 60));
    expect(await new FirstCause(10).join(forever, () => [slow, Promise.resolve()])).to.equal('slow');
  });
});
