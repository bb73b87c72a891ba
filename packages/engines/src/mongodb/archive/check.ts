import { Transform, type Readable } from 'node:stream';
import { ArchiveFault } from './blocks.ts';
import type { Prelude } from './prelude.ts';
import { ArchiveReader, type SinkOf } from './reader.ts';

/** Bytes that pass, and what was found in them. */
export interface CheckedArchive {
  stream: Transform;
  /** Resolves with the end of the bytes when the archive is whole, rejects when they were destroyed or are not an archive. */
  whole: Promise<Prelude>;
}

/**
 * Lets an archive pass and reads it on the way. What is wrong with it is told at its end alone, after all that the source
 * has to say: why a program failed tells more than that its output was cut.
 * @param explain makes the error from what was wrong
 */
export function checkArchive(source: Readable, explain: (fault: string) => Error, sinkOf?: SinkOf): CheckedArchive {
  const reader = new ArchiveReader(sinkOf);
  const { promise: whole, resolve, reject } = Promise.withResolvers<Prelude>();
  // Nobody need ask.
  whole.catch(() => undefined);
  let fault: ArchiveFault | null = null;
  const attempt = (work: () => void): void => {
    if (fault !== null) return;
    try {
      work();
    } catch (error) {
      if (!(error instanceof ArchiveFault)) throw error;
      fault = error;
    }
  };
  const stream = new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      attempt(() => reader.add(chunk));
      done(null, chunk);
    },
    flush: (done) => {
      attempt(() => resolve(reader.end()));
      done(fault === null ? null : explain(fault.message));
    },
    destroy: (error, done) => {
      source.destroy();
      reject(error ?? new Error('The archive was not read to its end.'));
      done(error);
    },
  });
  stream.on('error', () => undefined);
  source.once('error', (error) => stream.destroy(error));
  if (source.errored) stream.destroy(source.errored);
  source.pipe(stream);
  return { stream, whole };
}

/**
 * Reads the front of an archive and puts it back.
 * @throws ArchiveFault; what the input fails with
 */
export async function peekPrelude(input: Readable): Promise<Prelude> {
  const reader = new ArchiveReader();
  const read: Buffer[] = [];
  const next = async (): Promise<Buffer | null> => {
    for (;;) {
      const chunk = input.read() as Buffer | null;
      if (chunk !== null) return chunk;
      if (input.errored) throw input.errored;
      if (input.readableEnded || input.destroyed) return null;
      await readableOrOver(input);
    }
  };
  while (reader.prelude === null) {
    const chunk = await next();
    if (chunk === null) {
      reader.end();
      throw new ArchiveFault('it ends too early');
    }
    read.push(chunk);
    reader.add(chunk);
  }
  // Nothing can be put back after the end was reported, so it is put back before anything else is read.
  for (const chunk of read.reverse()) input.unshift(chunk);
  return reader.prelude;
}

function readableOrOver(input: Readable): Promise<void> {
  return new Promise((resolve) => {
    const events = ['readable', 'end', 'error', 'close'] as const;
    const done = (): void => {
      for (const event of events) input.off(event, done);
      resolve();
    };
    for (const event of events) input.on(event, done);
  });
}
