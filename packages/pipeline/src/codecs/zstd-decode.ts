import { promisify } from 'node:util';
import { zstdDecompress } from 'node:zlib';
import { AsyncTransform } from './async-transform.ts';
import { InOrder } from './in-order.ts';
import { frameBytes, framesAtOnce } from './zstd-encode.ts';
import { damaged, FrameSplitter, largestFrame } from './zstd-frames.ts';

const decompress = promisify(zstdDecompress);

/** Decompresses a sequence of zstd frames side by side in the thread pool. Fails with `integrity` on anything else. */
export class ZstdDecode extends AsyncTransform {
  readonly #splitter = new FrameSplitter();
  readonly #frames = new InOrder<Buffer>(framesAtOnce, (plain) => this.push(plain));
  #any = false;

  protected override async consume(chunk: Buffer): Promise<void> {
    for (const frame of this.#splitter.push(chunk)) {
      this.#any = true;
      await this.#frames.add(decompressFrame(frame));
    }
  }

  protected override async complete(): Promise<void> {
    await this.#frames.drain();
    if (this.#splitter.inFrame) throw damaged('an end in the middle of a frame');
    if (!this.#any) throw damaged('no frame at all');
  }
}

async function decompressFrame(frame: Buffer): Promise<Buffer> {
  try {
    return await decompress(frame, { chunkSize: frameBytes, maxOutputLength: largestFrame });
  } catch (error) {
    throw damaged('a frame that does not decode', error);
  }
}
