import type { Readable, Writable } from 'node:stream';
import type { Program } from './program.ts';

/**
 * Hands the whole of `input` to a program's standard input and waits for both. What the program leaves unread is read all
 * the same, because an input may tell only at its end that it is damaged.
 * @throws what `input` failed with, after ending the program; otherwise what the program's judge said
 */
export async function feedProgram(input: Readable, program: Program): Promise<void> {
  const settled = { failed: false };
  const watch = program.ended.then(({ error }) => {
    if (error === null) return;
    settled.failed = true;
    input.destroy();
  });
  try {
    for await (const chunk of input as AsyncIterable<Buffer>) {
      if (settled.failed) break;
      if (program.stdin.writable && !program.stdin.write(chunk)) await drained(program.stdin);
    }
  } catch (error) {
    if (!settled.failed) {
      program.terminate();
      await program.ended;
      throw error;
    }
  }
  program.stdin.end();
  const { error } = await program.ended;
  await watch;
  if (error !== null) throw error;
}

function drained(stdin: Writable): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      stdin.off('drain', done);
      stdin.off('close', done);
      resolve();
    };
    stdin.once('drain', done);
    stdin.once('close', done);
    if (stdin.destroyed) done();
  });
}
