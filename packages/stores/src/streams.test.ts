import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { toHoldfastError } from '@holdfast/shared/domain';
import { until } from '@holdfast/testing/until';
import { expect } from 'chai';
import { exactly } from './streams.ts';

describe('a read of a promised length', () => {
  it('opens what follows a broken source only when its reader wants more', async () => {
    const asked: number[] = [];
    const source = new Readable({ read: () => undefined });
    const reader = exactly(source, {
      expected: 300_007,
      signal: new AbortController().signal,
      idleMs: 10_000,
      classify: toHoldfastError,
      subject: 'It',
      resume: async ({ seen }) => {
        asked.push(seen);
        return Readable.from([Buffer.from('the end')], { objectMode: false });
      },
    });
    reader.read(0);
    source.push(Buffer.alloc(300_000));
    await until('the reader to be full', 15, () => reader.readableLength === 300_000);
    source.destroy(new Error('The connection broke.'));
    await nextTurn();
    await nextTurn();
    expect(asked).to.deep.equal([]);
    expect((await buffer(reader)).equals(Buffer.concat([Buffer.alloc(300_000), Buffer.from('the end')]))).to.equal(
      true,
    );
    expect(asked).to.deep.equal([300_000]);
  });
});
