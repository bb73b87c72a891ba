import { RdbFault } from './fault.ts';
import { decompressLzf } from './lzf.ts';
import type { Steps, Window } from './window.ts';

/** A length, or the number of a special encoding of a string. */
interface Head {
  isEncoding: boolean;
  value: number;
}

/** Strings of this kind are integers of so many bytes; 3 is a compressed one. */
const integerBytes = [1, 2, 4] as const;
const compressed = 3;

function* head(window: Window): Steps<Head> {
  const first = yield* window.byte();
  switch (first >> 6) {
    case 0:
      return { isEncoding: false, value: first & 63 };
    case 1:
      return { isEncoding: false, value: ((first & 63) << 8) | (yield* window.byte()) };
    case 2:
      if (first === 0x80) return { isEncoding: false, value: (yield* window.bytes(4)).readUInt32BE() };
      if (first === 0x81) return { isEncoding: false, value: Number((yield* window.bytes(8)).readBigUInt64BE()) };
      throw new RdbFault(`there is no length that begins with the byte ${first}`);
    default:
      return { isEncoding: true, value: first & 63 };
  }
}

/** A length, or a number that is written like one; not exact beyond 2^53. */
export function* length(window: Window): Steps<number> {
  const { isEncoding, value } = yield* head(window);
  if (isEncoding) throw new RdbFault('a string stands where a length should');
  return value;
}

/** Reads over a string without ever holding all of it. */
export function* skipString(window: Window): Steps {
  const { isEncoding, value } = yield* head(window);
  if (!isEncoding) return yield* window.skip(value);
  if (value === compressed) {
    const size = yield* length(window);
    yield* length(window);
    return yield* window.skip(size);
  }
  yield* window.skip(integerSize(value));
}

/** A string as a client would see it. */
export function* readString(window: Window): Steps<Buffer> {
  const { isEncoding, value } = yield* head(window);
  if (!isEncoding) return yield* window.bytes(value);
  if (value === compressed) {
    const size = yield* length(window);
    const plain = yield* length(window);
    return decompressLzf(yield* window.bytes(size), plain);
  }
  const size = integerSize(value);
  return Buffer.from(String((yield* window.bytes(size)).readIntLE(0, size)));
}

function integerSize(encoding: number): number {
  const size = integerBytes[encoding];
  if (size === undefined) throw new RdbFault(`there is no string of the encoding ${encoding}`);
  return size;
}

/** A short string as a file holds it. */
export function writeString(text: string): Buffer {
  const bytes = Buffer.from(text);
  if (bytes.length > 63) throw new RangeError('The string is longer than what one byte tells the length of.');
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}
