import { escapeIdentifier, escapeLiteral } from 'pg';

/**
 * Names what follows here; a change of any of it needs another name. `hashtextextended` gives the same on all servers of one
 * byte order since PostgreSQL 11, because hash partitions rest on it, and costs a tenth of what making the text costs.
 */
export const algorithm = 'postgresql-hashtextextended-1';

/** Below this a table is digested as a whole, above it a share that falls with its size: so each costs about the same. */
const wholeBytes = 4 * 1024 * 1024;
/** The smallest share is one row in 64. */
const mostHalvings = 6;
/** What a function of the server takes at most is 100 arguments. */
const argumentsAtOnce = 50;

export interface Column {
  name: string;
  /** The type's oid. */
  type: number;
  /** Bytes of each value; -1 where they differ. */
  length: number;
  nullable: boolean;
}

const types = { bytea: 17, bigint: 20, smallint: 21, integer: 23, text: 25, varchar: 1043 } as const;
const integers: ReadonlySet<number> = new Set([types.bigint, types.smallint, types.integer]);
const sized: ReadonlySet<number> = new Set([types.bytea, types.text, types.varchar]);

/** The share of rows to digest: powers of two, so that it is exact in every notation. */
export function shareOf(bytes: number): number {
  const halvings = Math.ceil(Math.log2(Math.max(1, bytes / wholeBytes)));
  return 2 ** -Math.min(mostHalvings, halvings);
}

/** Casts are avoided: one that a database's owner has made would run with our rights. Output functions only a superuser makes. */
function textOf(expressions: readonly string[]): string {
  if (expressions.length === 0) return `''`;
  const parts = [];
  for (let at = 0; at < expressions.length; at += argumentsAtOnce) {
    parts.push(`concat_ws(E'\\x01', ${expressions.slice(at, at + argumentsAtOnce).join(', ')})`);
  }
  return parts.length === 1 ? (parts[0] ?? '') : textOf(parts);
}

const hashOf = (text: string): string => `hashtextextended(${text} collate "C", 0)`;

/** A row's digest, of all its columns in the order of their names: a restore may change the order of inherited ones. */
export function rowHash(columns: readonly Column[]): string {
  const values = columns.map(({ name, type }) =>
    type === types.bytea ? `sha256(${escapeIdentifier(name)})` : escapeIdentifier(name),
  );
  // The text of a null is none, as that of an empty text.
  const nulls = columns
    .filter(({ nullable }) => nullable)
    .map(({ name }) => `${escapeIdentifier(name)} is not distinct from null`);
  return hashOf(textOf([...values, ...nulls]));
}

/**
 * Chooses rows by a hash of what is cheap to read and tells them apart, so that a copy chooses the same ones in whatever order
 * they lie: the key, or without one all that has a fixed length and the lengths of texts.
 */
export function chosenRows(columns: readonly Column[], key: readonly string[], share: number): string {
  if (share === 1) return 'true';
  const keys = columns.filter(({ name }) => key.includes(name));
  const [first] = keys;
  const hash =
    keys.length === 1 && first && integers.has(first.type)
      ? `hashint8extended(${escapeIdentifier(first.name)}, 0)`
      : hashOf(textOf(keys.length > 0 ? keys.map(({ name }) => escapeIdentifier(name)) : cheapOnes(columns)));
  return `${hash} < ${escapeLiteral(String(threshold(share)))}::bigint`;
}

function cheapOnes(columns: readonly Column[]): string[] {
  const cheap = columns.flatMap(({ name, type, length }) => {
    if (length > 0) return [escapeIdentifier(name)];
    return sized.has(type) ? [`octet_length(${escapeIdentifier(name)})`] : [];
  });
  return cheap.length > 0 ? cheap : columns.map(({ name }) => escapeIdentifier(name));
}

/** Below it lies that share of all 64-bit numbers. */
const threshold = (share: number): bigint => -(2n ** 63n) + 2n ** 64n / BigInt(1 / share);
