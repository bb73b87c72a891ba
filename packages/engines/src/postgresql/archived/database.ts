import type { Readable } from 'node:stream';
import type { DatabaseKind } from '../properties.ts';
import { readBeginning, type TocEntry } from '../toc.ts';
import { readCreation, readGrants, readProperties } from './statements.ts';

/** What an archive says of the database itself, whose content is all that `pg_restore` restores without `--create`. */
export interface ArchivedDatabase {
  /** Encoding, locale and tablespace; null where the archive does not say, or not in a way that is known here. */
  kind: DatabaseKind | null;
  owner: string | null;
  comment: string | null;
  connectionLimit: number | null;
  template: boolean;
  settings: ArchivedSetting[];
  grants: ArchivedGrant[];
  /** What of it could not be read, for people. */
  unread: string[];
  /** The tablespaces that are seen to be named in the archive. */
  tablespaces: ReadonlySet<string>;
}

export interface ArchivedSetting {
  /** Null for all roles. */
  role: string | null;
  parameter: string;
  /** More than one only where the parameter is a list of names. */
  values: readonly string[];
}

export interface ArchivedGrant {
  verb: 'GRANT' | 'REVOKE';
  privileges: readonly string[];
  /** Null for PUBLIC. */
  role: string | null;
  grantable: boolean;
}

/** How much of an archive is looked through for tablespaces: some hundred thousand objects. */
const mostBytes = 16 * 1024 * 1024;

/** What stands before and among the entries of the database itself; they are always the first. */
const first: ReadonlySet<string> = new Set(['ENCODING', 'STDSTRINGS', 'SEARCHPATH', 'SECURITY LABEL']);

/**
 * Looks into the beginning of an archive and puts it back.
 * @param lookForTablespaces whether all of its table of contents is looked through
 * @returns what it says; nothing of it where its format is not known
 */
export async function readArchivedDatabase(input: Readable, lookForTablespaces: boolean): Promise<ArchivedDatabase> {
  const isOver = (entries: readonly TocEntry[]): boolean =>
    entries.some(({ kind, ofDatabase }) => !first.has(kind) && !ofDatabase);
  const { entries } = await readBeginning(input, mostBytes, lookForTablespaces ? undefined : isOver);
  const found: ArchivedDatabase = {
    kind: null,
    owner: null,
    comment: null,
    connectionLimit: null,
    template: false,
    settings: [],
    grants: [],
    unread: [],
    tablespaces: new Set(entries.flatMap(({ tablespace }) => tablespace ?? [])),
  };
  for (const entry of entries) read(entry, found);
  return found;
}

function read({ kind, ofDatabase }: TocEntry, found: ArchivedDatabase): void {
  if (!ofDatabase) return;
  const { owner, statement } = ofDatabase;
  const unread = (what: string): void => void found.unread.push(what);
  if (kind === 'DATABASE') {
    found.owner = owner;
    found.kind = readCreation(statement);
    if (!found.kind) unread('its encoding and locale');
  } else if (kind === 'ACL') {
    const grants = readGrants(statement);
    if (grants) found.grants.push(...grants);
    else unread('its privileges');
  } else {
    const properties = readProperties(statement);
    if (!properties) unread(kind === 'COMMENT' ? 'its comment' : 'its settings');
    else {
      found.settings.push(...properties.settings);
      found.comment ??= properties.comment;
      found.connectionLimit ??= properties.connectionLimit;
      found.template ||= properties.template;
    }
  }
}
