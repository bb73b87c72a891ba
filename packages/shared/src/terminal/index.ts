import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { HoldfastError } from '../domain/errors.ts';

/** Asks whoever sits at the terminal. @returns null when nobody does */
export async function ask(question: string, signal: AbortSignal): Promise<string | null> {
  return await askThrough(process.stderr, question, signal);
}

/** The same, and nothing of what is typed is shown. */
export async function askHidden(question: string, signal: AbortSignal): Promise<string | null> {
  process.stderr.write(process.stdin.isTTY ? question : '');
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const typed = await askThrough(nowhere, '', signal);
  if (typed !== null) process.stderr.write('\n');
  return typed;
}

async function askThrough(
  output: NodeJS.WritableStream,
  question: string,
  signal: AbortSignal,
): Promise<string | null> {
  if (!process.stdin.isTTY) return null;
  const terminal = createInterface({ input: process.stdin, output, terminal: true });
  try {
    return await terminal.question(question, { signal });
  } catch (error) {
    // The terminal takes Ctrl-C for itself, and no signal comes.
    if (error instanceof Error && error.name === 'AbortError') throw new HoldfastError('cancelled', 'Interrupted.');
    throw error;
  } finally {
    terminal.close();
  }
}
