import type { ContentLevel, ContentManifest } from '@holdfast/shared/domain';
import type { Prelude } from '../archive/prelude.ts';
import type { SinkOf } from '../archive/reader.ts';
import { wholeServer } from '../names.ts';
import { algorithm, CollectionDigest } from './digest.ts';
import { definitionItems, definitionOf } from './definitions.ts';

/** Measures the content of an archive of one database from the very bytes that pass. */
export interface ArchiveContent {
  sinkOf: SinkOf;
  manifest: (prelude: Prelude) => ContentManifest;
}

/** @returns null where nothing is to be measured: what a whole server's archive holds depends on its oplog, too */
export function measureArchive(database: string, level: ContentLevel | null): ArchiveContent | null {
  if (level === null || database === wholeServer) return null;
  const digests = new Map<string, CollectionDigest>();
  const digestOf = (name: string): CollectionDigest => {
    const digest = digests.get(name) ?? new CollectionDigest(name, level);
    digests.set(name, digest);
    return digest;
  };
  return {
    sinkOf: (_database, collection) => {
      const digest = digestOf(collection);
      return (document) => digest.add(document);
    },
    manifest: ({ header: { serverVersion }, announced }) => {
      const items = announced.flatMap(({ collection, type, metadata }) => [
        ...(type === 'view' ? [] : [digestOf(collection).item]),
        ...definitionItems(definitionOf(collection, type, metadata), serverVersion),
      ]);
      return { version: 1, level, algorithm, items, missing: [] };
    },
  };
}
