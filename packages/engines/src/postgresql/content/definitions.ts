import type { ContentItem } from '@holdfast/shared/domain';
import type { Session } from '../session.ts';
import { definitionQueries } from './definition-queries.ts';

/** What reads the definitions of some kinds, and what people call them. */
export interface DefinitionTask {
  what: string;
  read: (session: Session) => Promise<ContentItem[]>;
}

/** The definitions of everything in a database, each as a digest that knows neither its owner nor the database's name. */
export const definitionTasks: readonly DefinitionTask[] = Object.entries(definitionQueries).map(([what, query]) => ({
  what,
  read: async (session) => {
    const rows = await session.query<{ kind: string; name: string; digest: string | null }>(
      `select kind, name, to_hex(hashtextextended(definition collate "C", 0)) as digest
       from (${query}) as defined(kind, name, definition) order by kind collate "C", name collate "C"`,
    );
    return rows.map(({ kind, name, digest }) => {
      const known = digest === null ? null : `${session.server.major}: ${digest}`;
      return { kind, name, count: null, digest: known, share: null };
    });
  },
}));

/** The extensions with their versions. */
export async function readExtensions(session: Session): Promise<ContentItem[]> {
  const rows = await session.query<{ name: string; version: string }>(
    `select quote_ident(extname) as name, extversion as version from pg_extension where oid >= 16384
     order by extname collate "C"`,
  );
  return rows.map(({ name, version }) => ({ kind: 'extension', name, count: null, digest: version, share: null }));
}
