import type { Transform } from 'node:stream';
import type { ManifestFile } from '@holdfast/shared/contracts';
import { HoldfastError } from '@holdfast/shared/domain';
import { codecOf } from './codecs/index.ts';
import { HeldTail } from './held-tail.ts';
import { Meter, type Measure } from './meter.ts';

/**
 * The streams that turn a stored object back into the engine's bytes, in the order in which they are to be piped. The last
 * one ends only after sizes and digests on both sides of the codecs were found equal to the manifest's; otherwise it is
 * destroyed with `integrity` while its last bytes are still held back.
 * @param note is told why the bytes cannot be decoded, as soon as that shows
 */
export function readingStreams(
  file: ManifestFile,
  note: (error: unknown) => void,
  onBytes: (plainSoFar: number) => void = () => undefined,
): [Transform, ...Transform[]] {
  const stored = new Meter();
  const plain = new Meter(onBytes);
  const decoders = file.codecs.toReversed().map((name) => {
    const decoder = codecOf(name).decode();
    return decoder.on('error', (error) => note(decodingError(file, error)));
  });
  const tail = new HeldTail(() => {
    mustEqual(file, 'stored', stored.measure);
    mustEqual(file, 'plain', plain.measure);
  });
  return [stored, ...decoders, plain, tail];
}

function mustEqual(file: ManifestFile, side: 'plain' | 'stored', found: Measure): void {
  const expected = file[side];
  if (found.size === expected.size && found.sha256 === expected.sha256) return;
  const difference =
    found.size === expected.size
      ? `have the SHA-256 ${found.sha256} where the manifest says ${expected.sha256}`
      : `are ${found.size} where the manifest says ${expected.size}`;
  throw new HoldfastError('integrity', `${file.key} is damaged: its ${side} bytes ${difference}.`);
}

function decodingError(file: ManifestFile, error: Error): Error {
  if (error instanceof HoldfastError || error.name === 'AbortError') return error;
  return new HoldfastError('integrity', `${file.key} is damaged: it does not decode.`, { cause: error });
}
