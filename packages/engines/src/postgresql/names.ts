/** Longest name that PostgreSQL keeps, in bytes. */
export const longestName = 63;

/** What the databases of one restore end in. The tail of a UUID of version 7 is random. */
const shortId = (restoreId: string): string => restoreId.replaceAll('-', '').slice(-12);

const marks = { build: '_hf_', old: '_hf_old_', kept: '_hf_kept_' } as const;

export interface RestoreNames {
  /** The database that is being built. */
  build: string;
  /** The former content, between the swap and its removal. */
  old: string;
  /** The former content that is kept to be put back; no end of what a killed restore leaves is its end. */
  kept: string;
}

/** The name of a restore's sessions, by which what is left of a killed one is found. */
export const sessionLabel = (restoreId: string): string => `holdfast restore ${shortId(restoreId)}`;

/** The comment of a database that a restore has made, by which a later attempt of it knows it: before what it had. */
export const madeBy = (restoreId: string, comment: string | null): string =>
  comment === null ? mark(restoreId) : `${mark(restoreId)}\n${comment}`;

export const isMadeBy = (comment: string | null | undefined, restoreId: string): boolean =>
  comment === mark(restoreId) || comment?.startsWith(`${mark(restoreId)}\n`) === true;

const mark = (restoreId: string): string => `Restored by Holdfast (restore ${restoreId})`;

/** Names beside `target`, shortened where they would be too long. */
export function restoreNames(target: string, restoreId: string): RestoreNames {
  const id = shortId(restoreId);
  return {
    build: withSuffix(target, marks.build + id),
    old: withSuffix(target, marks.old + id),
    kept: withSuffix(target, marks.kept + id),
  };
}

/** What the names of all that a killed restore leaves end in, whatever its target. What is kept is not among it. */
export function restoreSuffixes(restoreId: string): string[] {
  return [marks.build, marks.old].map((mark) => mark + shortId(restoreId));
}

/** What the name of the former content that a restore keeps ends in, whatever its target. */
export const keptSuffix = (restoreId: string): string => marks.kept + shortId(restoreId);

function withSuffix(name: string, suffix: string): string {
  let base = name;
  while (Buffer.byteLength(base + suffix) > longestName) base = Array.from(base).slice(0, -1).join('');
  return base + suffix;
}

/** What only our own databases beside targets end in, as a pattern. */
export const ownNames = '_hf_(old_|kept_)?[0-9a-f]{12}$';
