import { Writable, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { HoldfastError, type EngineContext } from '@holdfast/shared/domain';
import { checkArchive } from './archive/check.ts';

/** Reads an archive to its end, every checksum included; no program is needed. */
export async function checkReadable(input: Readable, { signal }: EngineContext): Promise<void> {
  const { stream } = checkArchive(
    input,
    (fault) => new HoldfastError('integrity', `The archive of mongodump cannot be read to its end: ${fault}.`),
  );
  try {
    await pipeline(stream, new Writable({ write: (_chunk, _encoding, done) => done() }), { signal });
  } catch (error) {
    input.destroy();
    throw signal.aborted ? signal.reason : error;
  }
}
