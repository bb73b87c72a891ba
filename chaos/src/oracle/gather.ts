import { localFolder, type Destinations, type Registered } from '../driver/places.ts';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Bed } from '../bed/bed.ts';
import type { SourceDatabase } from '../bed/source.ts';
import type { Records } from '../driver/records.ts';
import type { Random } from '../random.ts';
import { collectObjects, collectRows, databaseNames, holdingOf } from './collect.ts';
import type { Evidence, Holding } from './evidence.ts';
import { openStores, readBackups } from './read.ts';

export interface Gathered {
  records: Records;
  sources: readonly SourceDatabase[];
  initial: readonly SourceDatabase[];
  registered: readonly Registered[];
  destinations: Destinations;
}

/** Collects everything that the checks judge. Nothing may change any more. */
export async function gather(
  bed: Bed,
  { records, sources, initial, registered, destinations }: Gathered,
  sample: number,
  random: Random,
): Promise<Omit<Evidence, 'watched'>> {
  mkdirSync(join(bed.disk.root, localFolder), { recursive: true });
  const now = Date.now();
  const rows = await collectRows(bed);
  const databases = await databaseNames(bed.source);
  const targets = new Map<string, Holding | null>();
  for (const { target } of records.restores.values()) targets.set(target, await holdingOf(bed.source, target));
  const there = rows.backups.filter((row) => row.status === 'done' && row.deleted_at === null);
  const stores = openStores(bed, destinations);
  const read = await readBackups(bed, stores, rows, random.shuffled(there).slice(0, sample));
  for (const store of stores.values()) await store.close();
  return {
    ...rows,
    ...(await collectObjects(bed, destinations)),
    records,
    contents: new Map([...sources, ...initial].map(({ name, contents }) => [name, contents])),
    sources: new Map(registered.map(({ id, name }) => [id, name])),
    read,
    targets,
    databases,
    now,
  };
}
