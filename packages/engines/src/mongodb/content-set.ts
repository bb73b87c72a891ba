import type { Db } from 'mongodb';
import { definitions } from './content/of-server.ts';
import type { ContentSet } from './journal.ts';

/** The collections and views whose names begin so, without that beginning; the database's own for none. */
export async function contentSetOf(db: Db, prefix: string): Promise<ContentSet> {
  const found = await definitions(db, prefix);
  return {
    collections: found.filter(({ type }) => type !== 'view').map(({ name }) => name),
    views: found
      .filter(({ type }) => type === 'view')
      .map(({ name, options }) => ({ name, options: options as Record<string, unknown> })),
  };
}
