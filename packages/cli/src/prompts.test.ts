import { PassThrough } from 'node:stream';
import { expect } from 'chai';
import { exits } from './exits.ts';
import { runProgram } from './program.ts';

/** Runs a command with somebody at the terminal who types, or with nobody. */
async function run(args: readonly string[], typed: string | null) {
  const own = Object.getOwnPropertyDescriptor(process, 'stdin');
  const input = Object.assign(new PassThrough(), { isTTY: typed !== null });
  Object.defineProperty(process, 'stdin', { configurable: true, value: input });
  const [out, err] = [new PassThrough(), new PassThrough()];
  const environment = { HOLDFAST_URL: 'http://127.0.0.1:9', HOLDFAST_TOKEN: 't' };
  const signal = new AbortController().signal;
  const surroundings = { environment, out, err, input, signal, now: () => new Date(0) };
  try {
    if (typed !== null) setImmediate(() => input.write(typed));
    const exit = await runProgram(args, surroundings as unknown as Parameters<typeof runProgram>[1]);
    return { exit, out: String(out.read() ?? ''), err: String(err.read() ?? '') };
  } finally {
    if (own) Object.defineProperty(process, 'stdin', own);
  }
}

const add = ['databases', 'add', 'shop', '--type', 'postgresql', '--host', 'h', '--user', 'u'];

describe('prompts', () => {
  it('end the program as interrupted at Ctrl-C, without a stack', async () => {
    const { exit, err } = await run(add, '\u0003');
    expect([exit, err.trim()]).to.deep.equal([exits.interrupted, 'Interrupted.']);
  });

  it('are needed for a password that nothing else gives: nobody there is wrong usage, unless there is none', async () => {
    const { exit, err } = await run(add, null);
    expect(exit).to.equal(exits.usage);
    expect(err).to.contain('--password-env').and.contain('--no-password');
    expect((await run([...add, '--no-password'], null)).exit).to.equal(exits.unreachable);
    expect((await run([...add, '--no-password', '--password-file', import.meta.filename], null)).exit).to.equal(
      exits.usage,
    );
  });
});
