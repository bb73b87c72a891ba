import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

export type Encoding = 'br' | 'gzip' | 'identity';

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json; charset=utf-8',
  '.woff2': 'font/woff2',
};

/** What is compressed already gains nothing. */
const packed = new Set(['.ico', '.png', '.woff2']);

const compress = {
  br: (bytes: Buffer) =>
    promisify(brotliCompress)(bytes, {
      params: { [constants.BROTLI_PARAM_QUALITY]: 9, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
    }),
  gzip: (bytes: Buffer) => promisify(gzip)(bytes, { level: 9 }),
} as const;

/** A file of the page as it is sent. */
export class PageFile {
  readonly type: string;
  readonly etag: string;
  /** Whether its name changes with its content. */
  readonly isHashed: boolean;
  readonly encodings: readonly Encoding[];
  readonly #bytes: Buffer;
  readonly #encoded = new Map<Encoding, Promise<Buffer>>();

  /** @param path below the page's root, beginning with a slash */
  constructor(path: string, bytes: Buffer) {
    this.#bytes = bytes;
    this.type = types[extname(path)] ?? 'application/octet-stream';
    this.etag = `"${createHash('sha256').update(bytes).digest('base64url')}"`;
    this.isHashed = path.startsWith('/assets/');
    this.encodings = packed.has(extname(path)) ? ['identity'] : ['br', 'gzip', 'identity'];
  }

  /** Its bytes, compressed once for all requests. */
  async as(encoding: Encoding): Promise<Buffer> {
    if (encoding === 'identity') return this.#bytes;
    const encoded = this.#encoded.get(encoding) ?? compress[encoding](this.#bytes);
    this.#encoded.set(encoding, encoded);
    return await encoded;
  }
}

/**
 * The files of a page as it was built, by their paths. They are read as a whole: a page that is built anew later would have
 * other files than its beginning names.
 * @returns null where it was not built
 */
export async function readPage(root: string): Promise<ReadonlyMap<string, PageFile> | null> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = new Map<string, PageFile>();
  for (const entry of entries.filter((one) => one.isFile())) {
    const file = join(entry.parentPath, entry.name);
    const path = `/${relative(root, file).split(sep).join('/')}`;
    files.set(path, new PageFile(path, await readFile(file)));
  }
  return files.has('/index.html') ? files : null;
}
