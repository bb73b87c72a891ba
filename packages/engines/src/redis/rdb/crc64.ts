/**
 * The CRC-64 of Redis' files and of `RESTORE` (Jones' polynomial, reflected), over a stream. Numbers of 64 bits are slow in
 * JavaScript, so each is two halves of 32; eight tables take eight bytes at once.
 */
export class Crc64 {
  #low = 0;
  #high = 0;

  update(bytes: Uint8Array): this {
    let low = this.#low;
    let high = this.#high;
    const whole = bytes.length - (bytes.length % 8);
    let at = 0;
    for (; at < whole; at += 8) {
      const a =
        low ^
        (byte(bytes, at) | (byte(bytes, at + 1) << 8) | (byte(bytes, at + 2) << 16) | (byte(bytes, at + 3) << 24));
      const b =
        high ^
        (byte(bytes, at + 4) | (byte(bytes, at + 5) << 8) | (byte(bytes, at + 6) << 16) | (byte(bytes, at + 7) << 24));
      const i7 = 1792 + (a & 255);
      const i6 = 1536 + ((a >>> 8) & 255);
      const i5 = 1280 + ((a >>> 16) & 255);
      const i4 = 1024 + (a >>> 24);
      const i3 = 768 + (b & 255);
      const i2 = 512 + ((b >>> 8) & 255);
      const i1 = 256 + ((b >>> 16) & 255);
      const i0 = b >>> 24;
      low =
        word(lows, i7) ^
        word(lows, i6) ^
        word(lows, i5) ^
        word(lows, i4) ^
        word(lows, i3) ^
        word(lows, i2) ^
        word(lows, i1) ^
        word(lows, i0);
      high =
        word(highs, i7) ^
        word(highs, i6) ^
        word(highs, i5) ^
        word(highs, i4) ^
        word(highs, i3) ^
        word(highs, i2) ^
        word(highs, i1) ^
        word(highs, i0);
    }
    for (; at < bytes.length; at++) {
      const index = (low ^ byte(bytes, at)) & 255;
      low = ((low >>> 8) | (high << 24)) ^ word(lows, index);
      high = (high >>> 8) ^ word(highs, index);
    }
    this.#low = low;
    this.#high = high;
    return this;
  }

  /** Eight bytes, the lowest first, as they stand at the end of a file. */
  digest(): Buffer {
    const bytes = Buffer.allocUnsafe(8);
    bytes.writeInt32LE(this.#low | 0, 0);
    bytes.writeInt32LE(this.#high | 0, 4);
    return bytes;
  }
}

/** What stands at an index that is known to be inside. */
function byte(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0;
}

/** The same of a table; one function for both would be slow. */
function word(words: Int32Array, at: number): number {
  return words[at] ?? 0;
}

const reflected = { low: 0xac4bc9b5 | 0, high: 0x95ac9329 | 0 } as const;
const lows = new Int32Array(2048);
const highs = new Int32Array(2048);

for (let value = 0; value < 256; value++) {
  let low = value;
  let high = 0;
  for (let bit = 0; bit < 8; bit++) {
    const isOdd = (low & 1) === 1;
    low = (low >>> 1) | (high << 31);
    high >>>= 1;
    if (!isOdd) continue;
    low ^= reflected.low;
    high ^= reflected.high;
  }
  lows[value] = low;
  highs[value] = high;
}
for (let index = 256; index < 2048; index++) {
  const low = word(lows, index - 256);
  const high = word(highs, index - 256);
  lows[index] = ((low >>> 8) | (high << 24)) ^ word(lows, low & 255);
  highs[index] = (high >>> 8) ^ word(highs, low & 255);
}
