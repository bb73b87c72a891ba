import { HoldfastError, type ContentItem, type ContentLevel, type ContentManifest } from '@holdfast/shared/domain';
import type { Db } from 'mongodb';
import { isContent } from '../names.ts';
import { algorithm, CollectionDigest, countItem } from './digest.ts';
import { definitionItems, type Definition } from './definitions.ts';

/** Which collections of a database are measured, and under which names. */
export interface Measured {
  /** What stands before the names of those that are meant; empty for the database's own. */
  prefix: string;
}

/**
 * Measures what a database holds now, in the same way as an archive's bytes are measured.
 * @throws HoldfastError configuration, when `like` was measured in another way
 */
export async function readServer(
  db: Db,
  serverVersion: string,
  like: ContentManifest,
  signal: AbortSignal,
  { prefix }: Measured = { prefix: '' },
): Promise<ContentManifest> {
  if (like.algorithm !== algorithm) {
    throw new HoldfastError(
      'configuration',
      `The content was measured as "${like.algorithm}", and this version measures MongoDB as "${algorithm}".`,
    );
  }
  const { level } = like;
  const items: ContentItem[] = [];
  for (const definition of await definitions(db, prefix)) {
    signal.throwIfAborted();
    const { name, type } = definition;
    if (type !== 'view') items.push(await measure(db, prefix + name, name, level, signal));
    items.push(...definitionItems(definition, serverVersion));
  }
  return { version: 1, level, algorithm, items, missing: [] };
}

/** The collections and views whose names begin so, without that beginning, in the order of their names. */
export async function definitions(db: Db, prefix: string): Promise<Definition[]> {
  const listed = await db.listCollections({}, { nameOnly: false }).toArray();
  const found: Definition[] = [];
  for (const { name: full, type = 'collection', options = {} } of listed) {
    if (prefix === '' ? !isContent(full) : !full.startsWith(prefix)) continue;
    const indexes = type === 'view' ? [] : await db.collection(full).listIndexes().toArray();
    found.push({ name: full.slice(prefix.length), type, options, indexes });
  }
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function measure(
  db: Db,
  stored: string,
  name: string,
  level: ContentLevel,
  signal: AbortSignal,
): Promise<ContentItem> {
  const collection = db.collection(stored);
  if (level === 'counts') return countItem(name, await collection.countDocuments({}), null, level);
  const digest = new CollectionDigest(name, level);
  for await (const document of collection.find({}, { raw: true })) {
    signal.throwIfAborted();
    digest.add(document as unknown as Buffer);
  }
  return digest.item;
}
