import { expect } from 'chai';
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { HoldfastError } from '@holdfast/shared/domain';
import { beginWithin, StallGuard, Watchdog, type Side } from './stall.ts';

const before = (seconds: number): Side => ({ seconds, stoodStill: 'the giver gave no byte' });
const after = (seconds: number): Side => ({ seconds, stoodStill: 'the taker took no byte' });
const never = new Promise<never>(() => undefined);

/** Gives pieces, each when its gate opens. */
const gives = (gates: readonly (Promise<unknown> | null)[]): Readable => {
  const waiting = gates.values();
  return new Readable({
    read() {
      const { value, done } = waiting.next();
      void Promise.resolve(value).then(() => this.push(done ? null : Buffer.alloc(65_536)));
    },
  });
};

/** Takes each piece when its gate opens; those after the last one at once. */
function takes(gates: readonly Promise<unknown>[]): Writable & { bytes: number } {
  const waiting = gates.values();
  const taker = Object.assign(
    new Writable({
      highWaterMark: 1,
      write(chunk: Buffer, _encoding, taken) {
        taker.bytes += chunk.length;
        void Promise.resolve(waiting.next().value).then(() => taken());
      },
    }),
    { bytes: 0 },
  );
  return taker;
}

async function failureOf(work: Promise<unknown>): Promise<HoldfastError> {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (error instanceof HoldfastError) return error;
  return expect.fail(`it did not fail as it should: ${String(error)}`);
}

describe('a stream that stands still', () => {
  it('ends by the fault of the side before the guard when that gives nothing, and the giver is ended', async () => {
    const giver = gives([null, never]);
    const error = await failureOf(pipeline(giver, new StallGuard(before(0.2), after(0.1)), takes([])));
    expect(error).to.include({ code: 'stalled' });
    expect(error.message).to.contain('the giver gave no byte');
    expect(giver.destroyed).to.equal(true);
  });

  it('ends also before its first byte', async () => {
    const error = await failureOf(pipeline(gives([never]), new StallGuard(before(0.2), null), takes([])));
    expect(error.message).to.contain('the giver gave no byte');
  });

  it('ends by the fault of the side after the guard when that takes nothing', async () => {
    const guard = new StallGuard(before(0.1), after(0.3));
    const error = await failureOf(pipeline(gives([null, null, null, null, null]), guard, takes([never])));
    expect(error).to.include({ code: 'stalled' });
    expect(error.message).to.contain('the taker took no byte');
  });

  it('is not the fault of a giver that is not asked, however long', async () => {
    const taker = takes([delay(600)]);
    const giver = gives(Array.from({ length: 20 }, () => null));
    await pipeline(giver, new StallGuard(before(0.2), null), taker);
    expect(taker.bytes).to.equal(20 * 65_536);
  });

  it('does not end while each byte comes in time, however long the whole takes', async () => {
    const taker = takes([]);
    await pipeline(
      gives([delay(150), delay(300), delay(450), delay(600)]),
      new StallGuard(before(0.3), after(0.3)),
      taker,
    );
    expect(taker.bytes).to.equal(4 * 65_536);
  });

  it('is not looked at any more after its end', async () => {
    const guard = new StallGuard(before(0.1), after(0.1));
    const slowEnd = new Writable({
      write: (_chunk, _encoding, done) => done(),
      final: (ended) => void setTimeout(ended, 400),
    });
    await pipeline(gives([null]), guard, slowEnd);
  });
});

describe('what is watched', () => {
  it('is quiet when it was not touched for too long, and not before', async () => {
    const quiet: HoldfastError[] = [];
    const watchdog = new Watchdog(before(0.2), (error) => quiet.push(error));
    for (let turn = 0; turn < 4; turn += 1) {
      await delay(80);
      watchdog.touch();
    }
    expect(quiet).to.have.length(0);
    await delay(400);
    expect(quiet.map(({ code }) => code)).to.deep.equal(['stalled']);
  });
});

describe('what has to begin in time', () => {
  const outer = new AbortController().signal;
  const untilAborted = (signal: AbortSignal): Promise<never> =>
    new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    });

  it('is ended when it does not', async () => {
    expect(await failureOf(beginWithin(before(0.1), outer, untilAborted))).to.include({ code: 'stalled' });
  });

  it('goes on for as long as it likes after it began', async () => {
    const signal = await beginWithin(before(0.1), outer, async (either) => either);
    await delay(200);
    expect(signal.aborted).to.equal(false);
  });
});
