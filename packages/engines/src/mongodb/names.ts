import { HoldfastError } from '@holdfast/shared/domain';

/** What is registered for everything that a server holds, rather than one database; MongoDB allows no such name. */
export const wholeServer = '*';

/** Where it is written down which restore of a whole server goes on or was done. */
export const marksDatabase = '__holdfast';

/** Databases of the server's own, and ours. */
const ownDatabases: ReadonlySet<string> = new Set(['admin', 'config', 'local', marksDatabase]);
export const isOwnDatabase = (name: string): boolean => ownDatabases.has(name);

/** Longest name of a collection with its database, in bytes, since MongoDB 4.4. */
const longestNamespace = 255;

/** What all begins with that restores put beside a database's own collections. */
export const besidePrefix = '__holdfast_';

/** What the collections of one restore are called, within the target database. */
export interface RestoreNames {
  /** The collection with the one document that says how far the restore is. */
  journal: string;
  /** What stands before the names of the collections that are being built. */
  incoming: string;
  /** What stands before the names of the former collections. */
  former: string;
}

export function restoreNames(restoreId: string): RestoreNames {
  // The tail of a UUID of version 7 is random.
  const journal = besidePrefix + restoreId.replaceAll('-', '').slice(-12);
  return { journal, incoming: `${journal}_new_`, former: `${journal}_old_` };
}

/** Whether a collection is the database's own content: not the server's, nor a restore's. */
export const isContent = (collection: string): boolean =>
  !collection.startsWith('system.') && !collection.startsWith(besidePrefix);

/** @throws HoldfastError configuration, when a collection's name leaves no room for what a restore puts before it */
export function refuseLongNames(database: string, collections: readonly string[], { incoming }: RestoreNames): void {
  const long = collections.find((name) => Buffer.byteLength(`${database}.${incoming}${name}`) > longestNamespace);
  if (long === undefined) return;
  throw new HoldfastError(
    'configuration',
    `The name of collection "${long}" is too long to be restored: with the database's and ${Buffer.byteLength(incoming)} bytes more, which its name has while it is built, it would have more than ${longestNamespace} bytes. Restore by mongorestore.`,
  );
}
