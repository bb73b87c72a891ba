import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import { S3Error } from './errors.ts';
import { chunkSignature, type Verified } from './signature.ts';

/** The plain bytes of a request, checked against everything that the request says about them; fails at the end if not. */
export async function* checkedBody(request: IncomingMessage, verified: Verified): AsyncGenerator<Buffer> {
  const { payload, chain } = verified;
  const { headers } = request;
  const streamed = payload.startsWith('STREAMING-');
  const md5 = headers['content-md5'] === undefined ? null : createHash('md5');
  const sha256 = /^[0-9a-f]{64}$/.test(payload) ? createHash('sha256') : null;
  const sums = new Checksums(checksumNames(headers));
  const trailers: Record<string, string> = {};
  let length = 0;
  const source = request as AsyncIterable<Buffer>;
  const signed = payload.startsWith('STREAMING-AWS4-HMAC-SHA256-PAYLOAD') ? chain : null;
  for await (const chunk of streamed ? dechunk(source, signed, trailers) : source) {
    length += chunk.length;
    md5?.update(chunk);
    sha256?.update(chunk);
    sums.update(chunk);
    yield chunk;
  }
  const declared = headers[streamed ? 'x-amz-decoded-content-length' : 'content-length'];
  if (!request.complete || (declared !== undefined && Number(declared) !== length)) {
    throw new S3Error(400, 'IncompleteBody', 'You did not provide the number of bytes specified by Content-Length.');
  }
  if (md5 && md5.digest('base64') !== headers['content-md5']) {
    throw new S3Error(400, 'BadDigest', 'The Content-MD5 you specified did not match what we received.');
  }
  if (sha256 && sha256.digest('hex') !== payload) {
    throw new S3Error(400, 'XAmzContentSHA256Mismatch', "The provided 'x-amz-content-sha256' does not match the body.");
  }
  sums.check({ ...headers, ...trailers });
}

export async function readText(chunks: AsyncIterable<Buffer>): Promise<string> {
  return Buffer.concat(await Readable.from(chunks).toArray()).toString('utf8');
}

const checksumHeader = /^x-amz-checksum-(?!algorithm|type|mode)/;

function checksumNames(headers: IncomingMessage['headers']): string[] {
  const inTrailer = String(headers['x-amz-trailer'] ?? '').split(',');
  return [...Object.keys(headers), ...inTrailer.map((name) => name.trim())].filter((name) => checksumHeader.test(name));
}

/** The `x-amz-checksum-*` values of one body. */
class Checksums {
  readonly #sums: { name: string; update: (chunk: Buffer) => void; digest: () => string }[];

  constructor(names: readonly string[]) {
    this.#sums = names.map((name) => {
      const algorithm = name.replace('x-amz-checksum-', '');
      if (algorithm === 'crc32') {
        let sum = 0;
        const digest = (): string => {
          const bytes = Buffer.alloc(4);
          bytes.writeUInt32BE(sum);
          return bytes.toString('base64');
        };
        return { name, digest, update: (chunk: Buffer) => void (sum = crc32(chunk, sum)) };
      }
      if (algorithm !== 'sha1' && algorithm !== 'sha256') {
        throw new S3Error(501, 'NotImplemented', `The checksum ${algorithm} is not implemented.`);
      }
      const hash = createHash(algorithm);
      return { name, digest: () => hash.digest('base64'), update: (chunk: Buffer) => void hash.update(chunk) };
    });
  }

  update(chunk: Buffer): void {
    for (const sum of this.#sums) sum.update(chunk);
  }

  check(given: Record<string, unknown>): void {
    for (const { name, digest } of this.#sums) {
      if (digest() !== given[name]) {
        throw new S3Error(400, 'BadDigest', `The ${name} you specified did not match what we received.`);
      }
    }
  }
}

/** Takes `aws-chunked` framing off: `<hex length>[;chunk-signature=…]\r\n<bytes>\r\n`, ended by a chunk of length 0. */
async function* dechunk(
  source: AsyncIterable<Buffer>,
  chain: Verified['chain'] | null,
  trailers: Record<string, string>,
): AsyncGenerator<Buffer> {
  const input = new Lines(source);
  let previous = chain?.signature ?? '';
  for (;;) {
    const [hex = '', extension = ''] = (await input.line()).split(';');
    const length = Number.parseInt(hex, 16);
    const hash = chain ? createHash('sha256') : null;
    for (let left = length; left > 0;) {
      const piece = await input.take(left);
      left -= piece.length;
      hash?.update(piece);
      yield piece;
    }
    if (chain && hash) {
      previous = chunkSignature(chain, previous, hash.digest('hex'));
      if (extension !== `chunk-signature=${previous}`) {
        throw new S3Error(403, 'SignatureDoesNotMatch', 'The signature of a chunk does not match.');
      }
    }
    if (length === 0) break;
    await input.line();
  }
  for (let line = await input.line(); line !== ''; line = await input.line()) {
    const colon = line.indexOf(':');
    trailers[line.slice(0, colon).trim().toLowerCase()] = line.slice(colon + 1).trim();
  }
  await input.drain();
}

/** Reads lines and bytes from the same stream. */
class Lines {
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Buffer>) {
    this.#chunks = source[Symbol.asyncIterator]();
  }

  async line(): Promise<string> {
    for (;;) {
      const end = this.#rest.indexOf('\r\n');
      if (end !== -1) {
        const text = this.#rest.subarray(0, end).toString('latin1');
        this.#rest = this.#rest.subarray(end + 2);
        return text;
      }
      const next = await this.#chunks.next();
      if (next.done) return '';
      this.#rest = Buffer.concat([this.#rest, next.value]);
    }
  }

  async take(most: number): Promise<Buffer> {
    if (this.#rest.length === 0) {
      const next = await this.#chunks.next();
      if (next.done) throw new S3Error(400, 'IncompleteBody', 'The body ended inside a chunk.');
      this.#rest = next.value;
    }
    const piece = this.#rest.subarray(0, most);
    this.#rest = this.#rest.subarray(piece.length);
    return piece;
  }

  async drain(): Promise<void> {
    while (!(await this.#chunks.next()).done);
  }
}
