import { HoldfastError } from '@holdfast/shared/domain';

/** Bytes that one frame may have, compressed or plain. Ours are a quarter of it; the bound holds damage and bombs off. */
export const largestFrame = 16 * 1024 * 1024;

const magic = 0xfd2fb528;
const dictionaryIdBytes = [0, 1, 2, 4] as const;
const contentSizeBytes = [0, 2, 4, 8] as const;
const rleBlock = 1;
const reservedBlock = 3;

/**
 * Cuts a byte stream into whole zstd frames by walking their block headers (RFC 8878, 3.1.1). Node's own decoder stops
 * in silence after the first frame when a second one comes in the same chunk, so it is never given more than one.
 */
export class FrameSplitter {
  #buffer = Buffer.allocUnsafe(0);
  /** The bytes from `#start` to `#end` of the buffer belong to the frame that is not whole yet. */
  #start = 0;
  #end = 0;
  /** The header of the next block; null before the frame's own header was read. */
  #block: number | null = null;
  #checksumBytes = 0;
  #lastSeen = false;

  /** Whether bytes of a frame that is not whole wait here. */
  get inFrame(): boolean {
    return this.#end > this.#start;
  }

  /** @returns the frames that `chunk` completed. @throws HoldfastError integrity */
  push(chunk: Buffer): Buffer[] {
    this.#append(chunk);
    const frames: Buffer[] = [];
    for (let end = this.#frameEnd(); end !== null; end = this.#frameEnd()) {
      frames.push(this.#buffer.subarray(this.#start, end));
      this.#start = end;
      this.#block = null;
      this.#lastSeen = false;
    }
    return frames;
  }

  /** Frames that were given out are views on the buffer, so it is only ever written behind them, or left to them. */
  #append(chunk: Buffer): void {
    const held = this.#end - this.#start;
    if (this.#end + chunk.length > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(1024 * 1024, 2 * held, held + chunk.length));
      this.#buffer.copy(larger, 0, this.#start, this.#end);
      if (this.#block !== null) this.#block -= this.#start;
      this.#buffer = larger;
      this.#start = 0;
      this.#end = held;
    }
    this.#end += chunk.copy(this.#buffer, this.#end);
  }

  #frameEnd(): number | null {
    this.#block ??= this.#firstBlock();
    if (this.#block === null) return null;
    while (!this.#lastSeen) {
      if (this.#block + 3 > this.#end) return null;
      const header = this.#buffer.readUIntLE(this.#block, 3);
      const type = (header >> 1) & 3;
      if (type === reservedBlock) throw damaged('a block of an unknown type');
      this.#block += 3 + (type === rleBlock ? 1 : header >> 3);
      this.#lastSeen = (header & 1) === 1;
      if (this.#block - this.#start > largestFrame) throw damaged(`a frame of more than ${largestFrame} bytes`);
    }
    const end = this.#block + this.#checksumBytes;
    return end <= this.#end ? end : null;
  }

  #firstBlock(): number | null {
    const held = this.#end - this.#start;
    if (held < 5) return null;
    if (this.#buffer.readUInt32LE(this.#start) !== magic) throw damaged('bytes that do not begin a frame');
    const descriptor = this.#buffer.readUInt8(this.#start + 4);
    const singleSegment = (descriptor & 0x20) !== 0;
    const sizeFlag = (descriptor >> 6) as 0 | 1 | 2 | 3;
    const windowBytes = singleSegment ? 0 : 1;
    const sizeBytes = singleSegment && sizeFlag === 0 ? 1 : contentSizeBytes[sizeFlag];
    this.#checksumBytes = (descriptor & 4) !== 0 ? 4 : 0;
    return this.#start + 5 + windowBytes + dictionaryIdBytes[(descriptor & 3) as 0 | 1 | 2 | 3] + sizeBytes;
  }
}

/** The error for bytes that are not a sequence of zstd frames. */
export function damaged(what: string, cause?: unknown): HoldfastError {
  return new HoldfastError('integrity', `The stored object is damaged: its zstd stream has ${what}.`, { cause });
}
