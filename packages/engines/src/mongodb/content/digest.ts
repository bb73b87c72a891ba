import { hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { ContentItem, ContentLevel } from '@holdfast/shared/domain';

/** How the digests are made, so that only equal ones are compared. */
export const algorithm = 'mongodb: sum of sha256 of BSON documents, 1';

/** One in so many documents is in the digest of a sample. */
const sampleOf = 64;
const modulus = 1n << 128n;

/** Counts and digests the documents of a collection, in any order. */
export class CollectionDigest {
  readonly #name: string;
  readonly #level: ContentLevel;
  #count = 0;
  #sum = 0n;

  constructor(name: string, level: ContentLevel) {
    this.#name = name;
    this.#level = level;
  }

  add(document: Buffer): void {
    this.#count += 1;
    if (this.#level === 'counts') return;
    if (this.#level === 'sampled' && crc32(document) % sampleOf !== 0) return;
    // A sum, in which a document that stands twice does not cancel itself.
    this.#sum = (this.#sum + BigInt(`0x${hash('sha256', document, 'hex').slice(0, 32)}`)) % modulus;
  }

  get item(): ContentItem {
    return countItem(this.#name, this.#count, this.#level === 'counts' ? null : this.#sum.toString(16), this.#level);
  }
}

/** A collection is to people what a table is elsewhere, and is compared and told as one. */
export function countItem(name: string, count: number, digest: string | null, level: ContentLevel): ContentItem {
  const share = digest === null ? null : level === 'full' ? 1 : 1 / sampleOf;
  return { kind: 'table', name, count, digest, share };
}
