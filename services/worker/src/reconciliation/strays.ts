import type { DestinationPlace, FoundOrphan, KnownFolder, ReconciliationRepository } from '@holdfast/persistence';
import {
  attemptOfKey,
  isProbeKey,
  isSamePlace,
  prefixWithin,
  type Destination,
  type OpenUpload,
  type StoredObject,
} from '@holdfast/shared/domain';

/** A trial of a destination takes seconds. */
const probeMs = 3_600_000;

/** Something that a store lists and that none of the expected backups has. */
export interface Stray extends Omit<FoundOrphan, 'known'> {
  /** When it was written, or begun. */
  at: Date;
}

export const strayObject = ({ key, size, modifiedAt }: StoredObject): Stray => ({
  kind: 'object',
  key,
  uploadId: '',
  size,
  at: modifiedAt,
});

export const strayUpload = ({ key, uploadId, startedAt }: OpenUpload): Stray => ({
  kind: 'upload',
  key,
  uploadId,
  size: null,
  at: startedAt,
});

/**
 * Tells what of the things in a place belongs to somebody, what is ours to remove, and what is nobody's that we know. What
 * is ours to remove stands under a folder of which a record of the same account says that nothing belongs there any more:
 * never because nothing lists it.
 */
export class Strays {
  readonly #destination: Destination;
  readonly #repository: ReconciliationRepository;
  /** Destinations of any account that keep the same keys. */
  readonly #here: readonly number[];
  /** What the keys of other destinations begin with that lie inside of this one. */
  readonly #inside: readonly string[];

  constructor(destination: Destination, places: readonly DestinationPlace[], repository: ReconciliationRepository) {
    this.#destination = destination;
    this.#repository = repository;
    this.#here = places.filter((place) => isSamePlace(place, destination)).map(({ id }) => id);
    this.#inside = places.flatMap((place) => prefixWithin(destination, place) ?? []);
  }

  /** Those that no record owns. @param now by which the age of a trial's object is judged */
  async orphansAmong(strays: readonly Stray[], now: Date): Promise<FoundOrphan[]> {
    const found = strays.flatMap(({ key }) => attemptOfKey(key) ?? []);
    const unique = [...new Map(found.map((folder) => [folder.prefix, folder])).values()];
    const known = unique.length === 0 ? [] : await this.#repository.folders(this.#here, unique);
    const byPrefix = new Map(known.map((folder) => [folder.prefix, folder]));
    return strays.flatMap((stray) => {
      const { kind, key, uploadId, size } = stray;
      const fate = this.#fate(stray, byPrefix.get(attemptOfKey(key)?.prefix ?? ''), now);
      return fate === 'owned' ? [] : [{ kind, key, uploadId, size, known: fate === 'left' }];
    });
  }

  #fate({ kind, key, at }: Stray, folder: KnownFolder | undefined, now: Date): 'owned' | 'left' | 'unknown' {
    if (isProbeKey(key)) return now.getTime() - at.getTime() < probeMs ? 'owned' : 'left';
    if (!folder) return this.#inside.some((prefix) => key.startsWith(prefix)) ? 'owned' : 'unknown';
    switch (folder.fate) {
      case 'in_use':
        return 'owned';
      case 'settled':
        return kind === 'object' && folder.keys.includes(key) ? 'owned' : 'unknown';
      case 'left':
        return folder.accountId === this.#destination.accountId ? 'left' : 'unknown';
    }
  }
}
