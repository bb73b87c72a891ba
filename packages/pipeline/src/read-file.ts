import type { Duplex, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ManifestFile } from '@holdfast/shared/contracts';
import { HoldfastError, type ChecksumType, type Keys, type ObjectStore } from '@holdfast/shared/domain';
import { codecOf } from './codecs/index.ts';
import { FirstCause, isSymptom } from './first-cause.ts';
import { HeldTail } from './held-tail.ts';
import { Meter, type Measure } from './meter.ts';

/** What is to be known of a file to read it. */
type Stored = Pick<ManifestFile, 'key' | 'codecs' | 'plain' | 'stored'>;

/**
 * The streams that turn a stored object back into the engine's bytes, in the order in which they are to be piped. The last
 * one ends only after sizes and digests on both sides of the codecs were found equal to the manifest's; otherwise it is
 * destroyed with `integrity` while its last bytes are still held back.
 * @param keys those that its manifest names as recipients, and the identities to open it with: see `keysFor`
 * @param note is told why the bytes cannot be decoded, as soon as that shows
 */
export function readingStreams(
  file: Stored,
  keys: Keys,
  note: (error: unknown) => void,
  onBytes: (plainSoFar: number) => void = () => undefined,
): [Duplex, ...Duplex[]] {
  const promised = digestOf(file.stored);
  const stored = new Meter(undefined, promised.algorithm);
  const plain = new Meter(onBytes);
  const decoders = file.codecs.toReversed().map((name) => {
    const decoder = codecOf(name, keys).decode();
    return decoder.on('error', (error) => note(decodingError(file, error)));
  });
  const tail = new HeldTail(() => {
    mustEqual(file, 'stored', stored.measure, { size: file.stored.size, ...promised });
    if (file.plain) mustEqual(file, 'plain', plain.measure, { size: file.plain.size, ...digestOf(file.plain) });
  });
  return [stored, ...decoders, plain, tail];
}

/** The file as its stored bytes alone: nothing is decoded, and their size and digest are compared. */
export const asStored = (file: ManifestFile): ManifestFile => ({ ...file, codecs: [], plain: null, unencrypted: null });

/**
 * Reads a stored file to its end, into what takes its decoded bytes.
 * @param open is called when the store has given the file
 * @param keys as `keysFor` gives them
 * @throws HoldfastError integrity, object_missing, key_missing
 */
export async function readInto(
  open: () => Writable,
  store: ObjectStore,
  file: ManifestFile,
  keys: Keys,
  signal: AbortSignal,
): Promise<void> {
  const first = new FirstCause();
  const streams = readingStreams(file, keys, first.note);
  const read = async (): Promise<void> => {
    await pipeline([await store.get(file.key, { signal: first.signal }), ...streams, open()], { signal: first.signal });
  };
  await first.join(signal, () => [read()]);
}

/** The digest that a manifest gives. */
function digestOf(side: ManifestFile['stored']): { algorithm: ChecksumType; digest: string } {
  if ('sha256' in side) return { algorithm: 'sha256', digest: side.sha256 };
  return 'sha1' in side ? { algorithm: 'sha1', digest: side.sha1 } : { algorithm: 'md5', digest: side.md5 };
}

function mustEqual(
  file: Stored,
  side: 'plain' | 'stored',
  found: Measure,
  expected: Measure & { algorithm: ChecksumType },
): void {
  if (found.size === expected.size && found.digest === expected.digest) return;
  const difference =
    found.size === expected.size
      ? `have the ${expected.algorithm} digest ${found.digest} where the manifest says ${expected.digest}`
      : `are ${found.size} where the manifest says ${expected.size}`;
  throw new HoldfastError('integrity', `${file.key} is damaged: its ${side} bytes ${difference}.`);
}

function decodingError(file: Stored, error: Error): Error {
  // What a neighbour ended the decoder with says nothing of the bytes.
  if (isSymptom(error)) return error;
  if (error instanceof HoldfastError) return named(file, error);
  return new HoldfastError('integrity', `${file.key} is damaged: it does not decode.`, { cause: error });
}

/** Codecs know bytes alone: which of a backup's files is damaged is for whoever reads it. */
function named(file: Stored, error: HoldfastError): HoldfastError {
  if (error.code !== 'integrity' || error.message.includes(file.key)) return error;
  return new HoldfastError('integrity', `${file.key}: ${error.message}`, { cause: error });
}
