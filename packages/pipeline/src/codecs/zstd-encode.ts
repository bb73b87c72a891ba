import { promisify } from 'node:util';
import { constants, zstdCompress } from 'node:zlib';
import { AsyncTransform } from './async-transform.ts';
import { InOrder } from './in-order.ts';
import { release } from './release.ts';

const compress = promisify(zstdCompress);

/** Plain bytes in a frame: large enough for the ratio of one long stream, small enough to hold several. */
export const frameBytes = 4 * 1024 * 1024;
/** Frames in the thread pool at once. Measured: a third keeps two cores busy, a fourth adds only memory. */
export const framesAtOnce = 3;

const outputChunk = 1024 * 1024;

/**
 * Compresses into a sequence of independent zstd frames (RFC 8878), each with its size and a checksum in it, side by side in
 * the thread pool. Nothing at all becomes one empty frame, so that every output is a valid file.
 */
export class ZstdEncode extends AsyncTransform {
  readonly #level: number;
  readonly #frames = new InOrder<Buffer>(framesAtOnce, (frame) => this.push(frame));
  readonly #spare: Buffer[] = [];
  #block: Buffer = Buffer.allocUnsafeSlow(frameBytes);
  #filled = 0;
  #any = false;

  constructor(level: number) {
    super();
    this.#level = level;
  }

  protected override async consume(chunk: Buffer): Promise<void> {
    for (let offset = 0; offset < chunk.length;) {
      const copied = chunk.copy(this.#block, this.#filled, offset);
      offset += copied;
      this.#filled += copied;
      if (this.#filled === frameBytes) await this.#endFrame();
    }
    release(chunk);
  }

  protected override async complete(): Promise<void> {
    if (this.#filled > 0 || !this.#any) await this.#endFrame();
    await this.#frames.drain();
  }

  async #endFrame(): Promise<void> {
    const block = this.#block;
    const frame = compressFrame(block.subarray(0, this.#filled), this.#level).finally(() => this.#spare.push(block));
    this.#any = true;
    this.#filled = 0;
    await this.#frames.add(frame);
    this.#block = this.#spare.pop() ?? Buffer.allocUnsafeSlow(frameBytes);
  }
}

function compressFrame(plain: Buffer, level: number): Promise<Buffer> {
  return compress(plain, {
    chunkSize: outputChunk,
    pledgedSrcSize: plain.length,
    params: { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_checksumFlag]: 1 },
  });
}
