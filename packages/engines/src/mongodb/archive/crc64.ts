/** The reversed polynomial of CRC-64/XZ, which Go's library calls ECMA, in halves. */
const polynomial = { high: 0xc96c5795, low: 0xd7870f42 } as const;

const highs = new Uint32Array(256);
const lows = new Uint32Array(256);
for (let byte = 0; byte < 256; byte++) {
  let [high, low] = [0, byte];
  for (let bit = 0; bit < 8; bit++) {
    const carry = low & 1;
    low = ((low >>> 1) | (high << 31)) >>> 0;
    high >>>= 1;
    if (carry === 1) {
      high = (high ^ polynomial.high) >>> 0;
      low = (low ^ polynomial.low) >>> 0;
    }
  }
  highs[byte] = high;
  lows[byte] = low;
}

/** CRC-64/XZ of bytes that come in pieces, by numbers of 32 bits: a BigInt for each byte would be far too slow. */
export class Crc64 {
  #high = 0xffffffff;
  #low = 0xffffffff;

  add(bytes: Uint8Array): void {
    let high = this.#high | 0;
    let low = this.#low | 0;
    for (let at = 0; at < bytes.length; at++) {
      const index = (low ^ (bytes[at] ?? 0)) & 0xff;
      low = ((low >>> 8) | (high << 24)) ^ (lows[index] ?? 0);
      high = (high >>> 8) ^ (highs[index] ?? 0);
    }
    this.#high = high;
    this.#low = low;
  }

  /** The sum so far, as an unsigned whole number. */
  get value(): bigint {
    const half = (bits: number): bigint => BigInt(~bits >>> 0);
    return (half(this.#high) << 32n) | half(this.#low);
  }
}
