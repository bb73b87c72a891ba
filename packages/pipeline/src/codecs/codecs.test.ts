import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { Readable, type Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, zstdCompressSync } from 'node:zlib';
import * as fc from 'fast-check';
import { codecNames } from '@holdfast/shared/contracts';
import { Secret, type Keys } from '@holdfast/shared/domain';
import { codecOf } from './index.ts';
import { zstd } from './zstd.ts';
import { frameBytes, framesAtOnce } from './zstd-encode.ts';
import { FrameSplitter } from './zstd-frames.ts';

/** Cuts bytes at the given sizes, again and again. */
function* cut(bytes: Buffer, sizes: readonly number[]): Generator<Buffer> {
  for (let start = 0, turn = 0; start < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? bytes.length;
    yield bytes.subarray(start, start + size);
    start += size;
  }
}

async function through(bytes: Buffer, stream: Duplex, sizes: readonly number[] = [65_536]): Promise<Buffer> {
  const out: Buffer[] = [];
  await pipeline(Readable.from(cut(bytes, sizes), { objectMode: false }), stream, async (chunks) => {
    for await (const chunk of chunks) out.push(chunk as Buffer);
  });
  return Buffer.concat(out);
}

async function failureOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => null,
    (error: unknown) => error,
  );
}

/** Text that compresses, grown from random words. */
function text(length: number): Buffer {
  const words = Array.from({ length: 64 }, () => randomBytes(6).toString('hex'));
  const lines: string[] = [];
  for (let size = 0; size < length;) {
    const line = `${words[lines.length % 61]}\t${words[(lines.length * 7) % 64]}\t${lines.length}\n`;
    lines.push(line);
    size += line.length;
  }
  return Buffer.from(lines.join('')).subarray(0, length);
}

const chunkSizes = fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 6 });

/** Where each frame ends, told by cutting the stream byte by byte. */
function frameEnds(stored: Buffer): number[] {
  const splitter = new FrameSplitter();
  let end = 0;
  return splitter.push(stored).map((frame) => (end += frame.length));
}

/** One pair of keys, so that `age` both encrypts and opens. */
const keys: Keys = {
  recipients: ['age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj'],
  identities: [new Secret('AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX')],
};

describe('codecs', () => {
  for (const name of codecNames) {
    const codec = codecOf(name, keys);

    it(`${name}: decodes what it encoded, however either side is cut`, async () => {
      await fc.assert(
        fc.asyncProperty(fc.uint8Array({ maxLength: 20_000 }), chunkSizes, chunkSizes, async (bytes, one, two) => {
          const plain = Buffer.from(bytes);
          const stored = await through(plain, codec.encode(), one);
          expect((await through(stored, codec.decode(), two)).equals(plain)).to.equal(true);
        }),
        { numRuns: 60 },
      );
    });

    it(`${name}: makes a valid file of nothing`, async () => {
      const stored = await through(Buffer.alloc(0), codec.encode());
      expect(stored.length).to.be.greaterThan(0);
      expect((await through(stored, codec.decode())).length).to.equal(0);
    });

    it(`${name}: refuses an empty object`, async () => {
      expect(await failureOf(through(Buffer.alloc(0), codec.decode()))).to.be.instanceOf(Error);
    });

    it(`${name}: refuses a stream that stops at any byte`, async () => {
      const stored = await through(text(1000), codec.encode());
      for (let length = 0; length < stored.length; length += 1) {
        const failure = await failureOf(through(stored.subarray(0, length), codec.decode(), [100]));
        expect(failure, `cut at ${length} of ${stored.length}`).to.be.instanceOf(Error);
      }
    });
  }
});

describe('zstd codec', () => {
  const sizes = [1, frameBytes - 1, frameBytes, frameBytes + 1, 3 * frameBytes, 9 * frameBytes + 77];
  for (const size of sizes) {
    it(`gives ${size} bytes back through independent frames, in order`, async () => {
      const plain = text(size);
      const stored = await through(plain, zstd().encode(), [65_536, 100_000, 1]);
      expect(frameEnds(stored))
        .to.have.length(Math.ceil(size / frameBytes))
        .and.to.include(stored.length);
      const back = await through(stored, zstd().decode(), [50_000, 3, 700_000]);
      expect(back.equals(plain)).to.equal(true);
    });
  }

  it('writes what the zstd program reads and tests', async () => {
    const plain = text(2 * frameBytes + 1234);
    const stored = await through(plain, zstd(3).encode());
    const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
    const options = { input: stored, maxBuffer: 64 * 1024 * 1024 };
    expect(digest(execFileSync('zstd', ['-d', '-c'], options))).to.equal(digest(plain));
    execFileSync('zstd', ['-t', '-q'], { input: stored });
    expect(
      execFileSync('zstd', ['-d', '-c'], { input: await through(Buffer.alloc(0), zstd().encode()) }),
    ).to.have.length(0);
  });

  it('reads what the zstd program writes, and several such files behind each other', async () => {
    const [one, two] = [text(300_000), randomBytes(50_000)];
    const stored = [one, two].map((plain) => execFileSync('zstd', ['-c', '-19'], { input: plain }));
    const back = await through(Buffer.concat(stored), zstd().decode(), [
      stored.reduce((sum, part) => sum + part.length, 0),
    ]);
    expect(back.equals(Buffer.concat([one, two]))).to.equal(true);
  });

  it('refuses a stream that stops inside a header, a block or a checksum of any frame', async () => {
    const stored = await through(text(2 * frameBytes + 50_000), zstd().encode());
    const [first = 0, second = 0, third = 0] = frameEnds(stored);
    for (const start of [0, first, second]) {
      const end = [first, second, third].find((next) => next > start) ?? third;
      for (const length of [
        start + 1,
        start + 4,
        start + 5,
        start + 9,
        start + 11,
        start + 100,
        end - 5,
        end - 4,
        end - 1,
      ]) {
        const failure = await failureOf(through(stored.subarray(0, length), zstd().decode()));
        expect(failure, `cut at ${length}`).to.include({ code: 'integrity' });
      }
    }
  });

  it('refuses anything behind the last frame', async () => {
    const stored = await through(text(1000), zstd().encode());
    for (const tail of ['x', 'garbage behind the end', '\0'.repeat(100)]) {
      const failure = await failureOf(
        through(Buffer.concat([stored, Buffer.from(tail)]), zstd().decode(), [stored.length + 1]),
      );
      expect(failure).to.include({ code: 'integrity' });
    }
  });

  it('never gives back other bytes in silence when one bit was flipped', async () => {
    const plain = text(200_000);
    const stored = await through(plain, zstd().encode());
    await fc.assert(
      fc.asyncProperty(fc.nat(stored.length * 8 - 1), async (bit) => {
        const flipped = Buffer.from(stored);
        flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const outcome = await through(flipped, zstd().decode()).catch((error: unknown) => error);
        if (outcome instanceof Buffer) expect(outcome.equals(plain)).to.equal(true);
        else expect(outcome).to.include({ code: 'integrity' });
      }),
      { numRuns: 150 },
    );
  });

  it('refuses a frame that is far larger than it looks', async () => {
    const bomb = zstdCompressSync(Buffer.alloc(64 * 1024 * 1024));
    expect(await failureOf(through(bomb, zstd().decode()))).to.include({ code: 'integrity' });
  });

  it('compresses more at a higher level', async () => {
    const plain = text(400_000);
    const [fast, small] = await Promise.all([through(plain, zstd(1).encode()), through(plain, zstd(19).encode())]);
    expect(small.length).to.be.lessThan(fast.length);
  });

  it('reads only as far ahead as its frames when nobody takes its output', async () => {
    const encoder = zstd().encode();
    let given = 0;
    const source = new Readable({
      read() {
        given += 65_536;
        this.push(randomBytes(65_536));
      },
    });
    const flow = failureOf(pipeline(source, encoder));
    let before = -1;
    while (before !== given) {
      before = given;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    expect(given).to.be.lessThan((framesAtOnce + 1) * frameBytes + 1024 * 1024);
    source.destroy(new Error('enough'));
    await flow;
  });

  it('does not keep a large buffer alive for a small frame', async () => {
    const encoder = zstd().encode();
    const held: Buffer[] = [];
    encoder.on('data', (chunk: Buffer) => held.push(chunk));
    await pipeline(Readable.from(cut(Buffer.alloc(3 * frameBytes), [65_536])), encoder);
    expect(
      [...new Set(held.map((chunk) => chunk.buffer))].reduce((sum, kept) => sum + kept.byteLength, 0),
    ).to.be.lessThan(200_000);
  });

  it('reads frames without a content size or a checksum, of raw and of run-length blocks', async () => {
    const bare = { params: { [constants.ZSTD_c_contentSizeFlag]: 0, [constants.ZSTD_c_checksumFlag]: 0 } };
    const plains = [randomBytes(300_000), Buffer.alloc(500_000, 7), Buffer.alloc(0), text(999)];
    const stored = Buffer.concat(plains.map((plain) => zstdCompressSync(plain, bare)));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 200_000 }), { minLength: 1 }), async (sizes) => {
        const back = await through(stored, zstd().decode(), [...sizes, 10_000]);
        expect(back.equals(Buffer.concat(plains))).to.equal(true);
      }),
      { numRuns: 30 },
    );
  });
});
