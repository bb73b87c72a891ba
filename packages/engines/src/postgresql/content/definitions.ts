import type { ContentItem } from '@holdfast/shared/domain';
import type { PartConditions } from '../part/conditions.ts';
import type { Session } from '../session.ts';
import { definitionQueries } from './definition-queries.ts';

/** What reads the definitions of some kinds, and what people call them. */
export interface DefinitionTask {
  what: string;
  read: (session: Session) => Promise<ContentItem[]>;
}

/** Those of what belongs to a relation, `c` in their queries. */
const ofRelations: ReadonlySet<string> = new Set([
  'relations',
  'constraints',
  'indexes',
  'triggers',
  'policies',
  'rules',
]);

/**
 * The definitions of everything in a database, each as a digest that knows neither its owner nor the database's name.
 * @param kinds of a part: only those of relations, and of these kinds; null: all
 */
export function definitionTasks(kinds: readonly string[] | null, { relation }: PartConditions): DefinitionTask[] {
  return Object.entries(definitionQueries).flatMap(([what, query]) => {
    if (kinds === null) return task(what, query);
    return ofRelations.has(what) ? task(what, `${query} and c.oid is not null and ${relation}`, kinds) : [];
  });
}

const task = (what: string, query: string, kinds: readonly string[] | null = null): DefinitionTask => ({
  what,
  read: async (session) => {
    const rows = await session.query<{ kind: string; name: string; digest: string | null }>(
      `select kind, name, to_hex(hashtextextended(definition collate "C", 0)) as digest
       from (${query}) as defined(kind, name, definition)
       where $1::text[] is null or kind = any ($1) order by kind collate "C", name collate "C"`,
      [kinds],
    );
    return rows.map(({ kind, name, digest }) => {
      const known = digest === null ? null : `${session.server.major}: ${digest}`;
      return { kind, name, count: null, digest: known, share: null };
    });
  },
});

/** The extensions with their versions. */
export async function readExtensions(session: Session): Promise<ContentItem[]> {
  const rows = await session.query<{ name: string; version: string }>(
    `select quote_ident(extname) as name, extversion as version from pg_extension where oid >= 16384
     order by extname collate "C"`,
  );
  return rows.map(({ name, version }) => ({ kind: 'extension', name, count: null, digest: version, share: null }));
}
