import { createHash } from 'node:crypto';
import type { ContentItem, ContentLevel, ContentManifest } from '@holdfast/shared/domain';
import type { Member } from './headers.ts';

export const algorithm = 'sha256 of members in the order of their names';

const kinds = { File: 'files', Link: 'files', Directory: 'directories', SymbolicLink: 'symbolic_links' } as const;

/**
 * What an archive holds, measured of the very bytes that go into it: how many members of each kind there are, and for all of
 * it a digest of names, permissions, times, targets of links and contents. Owners are not part of it, as a restore may leave
 * them out.
 */
export class Measured {
  readonly #level: ContentLevel;
  readonly #hash = createHash('sha256');
  readonly #counts = { files: 0, directories: 0, symbolic_links: 0 };

  constructor(level: ContentLevel) {
    this.#level = level;
  }

  member({ path, type, mode, size, mtime, linkpath = '' }: Member): void {
    this.#counts[kinds[type]] += 1;
    if (this.#level === 'counts') return;
    this.#hash.update(
      JSON.stringify([path, type, type === 'SymbolicLink' ? 0 : mode, size, mtime.getTime(), linkpath]),
    );
  }

  bytes(piece: Buffer): void {
    if (this.#level !== 'counts') this.#hash.update(piece);
  }

  manifest(): ContentManifest {
    const counted = Object.entries(this.#counts).map(([name, count]) => item(name, count, null));
    const digest = this.#level === 'counts' ? [] : [item('content', null, this.#hash.digest('hex'))];
    return { version: 1, level: this.#level, algorithm, items: [...counted, ...digest], missing: [] };
  }
}

const item = (name: string, count: number | null, digest: string | null): ContentItem => ({
  kind: name,
  name,
  count,
  digest,
  share: digest === null ? null : 1,
});
