import { PassThrough } from 'node:stream';
import { expect } from 'chai';
import { ask, askHidden } from './index.ts';

describe('questions at the terminal', () => {
  const { signal } = new AbortController();

  /** Does `work` with somebody there who types, or with nobody. @returns what it made, and all that was shown */
  async function withTerminal<T>(typed: string | null, work: () => Promise<T>): Promise<{ made: T; shown: string }> {
    const [input, output] = [Object.assign(new PassThrough(), { isTTY: typed !== null }), new PassThrough()];
    const own = (['stdin', 'stderr'] as const).map(
      (name) => [name, Object.getOwnPropertyDescriptor(process, name)] as const,
    );
    Object.defineProperty(process, 'stdin', { configurable: true, value: input });
    Object.defineProperty(process, 'stderr', { configurable: true, value: output });
    try {
      if (typed !== null) setImmediate(() => input.write(typed));
      return { made: await work(), shown: String(output.read() ?? '') };
    } finally {
      for (const [name, descriptor] of own) if (descriptor) Object.defineProperty(process, name, descriptor);
    }
  }

  it('are answered by what is typed, of which nothing is shown where it is a secret', async () => {
    const seen = await withTerminal('yes\n', () => ask('Go on? ', signal));
    expect(seen.made).to.equal('yes');
    expect(seen.shown).to.contain('Go on? ').and.contain('yes');
    const hidden = await withTerminal('hunter2\n', () => askHidden('Password: ', signal));
    expect(hidden).to.deep.equal({ made: 'hunter2', shown: 'Password: \n' });
  });

  it('are not asked where nobody sits', async () => {
    expect(await withTerminal(null, () => ask('Go on? ', signal))).to.deep.equal({ made: null, shown: '' });
    expect(await withTerminal(null, () => askHidden('Password: ', signal))).to.deep.equal({ made: null, shown: '' });
  });

  it('end as cancelled at Ctrl-C', async () => {
    const interrupted = withTerminal('\u0003', () => askHidden('Password: ', signal));
    const error = await interrupted.then(
      () => expect.fail('it was answered'),
      (thrown: unknown) => thrown,
    );
    expect(error).to.include({ code: 'cancelled' });
  });
});
