import { HoldfastError } from './errors.ts';

/**
 * How much of the content is measured at the moment of the dump: `counts`, the rows of each table; `sampled`, also a digest
 * of a repeatable share of them; `full`, a digest of all.
 */
export const contentLevels = ['counts', 'sampled', 'full'] as const;
export type ContentLevel = (typeof contentLevels)[number];

/** One thing that a database holds and that can be compared, such as a table. */
export interface ContentItem {
  /** What it is: `table`, `sequence`, `large_objects`, `constraint`, `index`, `extension` ... */
  kind: string;
  /** Qualified and quoted as the engine writes it: `public.orders`. Unique within the kind. */
  name: string;
  /** Rows, or whatever is counted of that kind; null where there is nothing to count. */
  count: number | null;
  /**
   * Digest of the content that does not depend on the order of rows, or of the definition; null where there is none. With
   * `server: digest` it is compared only with one of the same server version; `a..b` allows what lies between, whole numbers.
   */
  digest: string | null;
  /** The share of rows that the digest covers, such as 0.01; null without a digest. */
  share: number | null;
}

/** What a database held at the moment of its dump, or holds after a restore. Stored beside the dump as `content.json`. */
export interface ContentManifest {
  version: 1;
  level: ContentLevel;
  /** How the digests were made, by name, so that only equal ones are compared. */
  algorithm: string;
  items: ContentItem[];
  /** The kinds that alone were measured, because the dump is of a part; absent: all that the engine knows. */
  kinds?: string[];
  /** What could not be measured (time limit, missing privilege), as sentences; empty when everything was. */
  missing: string[];
  /** What a server must have for a restore with owners and privileges, by name; not compared. Absent where nobody looked. */
  needs?: { roles: string[]; tablespaces: string[] };
}

/** One thing that is not as it was. */
export interface ContentDifference {
  kind: string;
  name: string;
  /**
   * `missing`, it is not there; `unexpected`, it was not there; `count`, another number of rows; `content`, other rows, another
   * definition or value; `version`, another version of an extension; `unmeasured`, nobody could tell.
   */
  what: 'missing' | 'unexpected' | 'count' | 'content' | 'version' | 'unmeasured';
  /** A sentence that names it. */
  message: string;
}

/**
 * Compares what was found with what the source held. What the source's manifest could not measure is not compared.
 * @throws HoldfastError configuration, when the two were not measured in the same way
 */
export function compareContent(expected: ContentManifest, found: ContentManifest): ContentDifference[] {
  if (expected.algorithm !== found.algorithm || expected.level !== found.level) {
    throw new HoldfastError(
      'configuration',
      `Content measured as "${expected.algorithm}, ${expected.level}" cannot be compared with content measured as "${found.algorithm}, ${found.level}".`,
    );
  }
  const present = new Map(found.items.map((item) => [keyOf(item), item]));
  const known = new Set(expected.items.map(keyOf));
  const unexpected = found.items.filter((item) => !known.has(keyOf(item)));
  return [
    ...expected.items.flatMap((item) => differenceOf(item, present.get(keyOf(item))) ?? []),
    ...unexpected.map((item) => difference(item, 'unexpected', 'is there, but was not in the source')),
  ];
}

const keyOf = ({ kind, name }: ContentItem): string => `${kind} ${name}`;

function differenceOf(expected: ContentItem, found: ContentItem | undefined): ContentDifference | null {
  if (!found) return difference(expected, 'missing', 'is missing: the source had it');
  if (expected.count !== null) {
    if (found.count === null) return difference(expected, 'unmeasured', 'could not be measured');
    const [had, has] = [expected.count, found.count];
    const verb = expected.kind === 'table' ? `has ${has} rows` : `are ${has}`;
    if (has !== had) return difference(expected, 'count', `${verb} where the source had ${had}`);
  }
  if (expected.digest === null) return null;
  if (found.digest === null || found.share !== expected.share) {
    return difference(expected, 'unmeasured', 'could not be measured in the same way');
  }
  if (agree(expected.digest, found.digest)) return null;
  switch (expected.kind) {
    case 'table':
      return difference(expected, 'content', `has ${expected.count} rows as the source had, but not the same`);
    case 'large_objects':
      return difference(expected, 'content', 'are not the same as in the source');
    case 'sequence': {
      const last = `stands at ${found.digest} where the source had ${expected.digest}`;
      return difference(expected, 'content', last);
    }
    case 'expiring_keys': {
      const [, most = expected.digest] = expected.digest.split('..');
      return difference(expected, 'content', `are ${found.digest} where the source had at most ${most}`);
    }
    case 'extension':
      return difference(expected, 'version', `has version ${found.digest} where the source had ${expected.digest}`);
    default:
      return difference(expected, 'content', 'is defined in another way than in the source');
  }
}

function agree(expected: string, found: string): boolean {
  if (expected === found) return true;
  const [server, digest] = serverOf(expected);
  const [otherServer, otherDigest] = serverOf(found);
  // Another version may write the same definition in other words.
  if (server !== otherServer && digest !== expected && otherDigest !== found) return true;
  const [, low, high] = /^(-?\d+)\.\.(-?\d+)$/.exec(expected) ?? [];
  if (low === undefined || high === undefined || !/^-?\d+$/.test(found)) return false;
  return BigInt(low) <= BigInt(found) && BigInt(found) <= BigInt(high);
}

/** The version in front of a digest, empty where it has none, and the rest. */
function serverOf(digest: string): [server: string, rest: string] {
  const at = digest.indexOf(': ');
  return at < 0 ? ['', digest] : [digest.slice(0, at), digest.slice(at + 2)];
}

function difference({ kind, name }: ContentItem, what: ContentDifference['what'], text: string): ContentDifference {
  const word = kind.replaceAll('_', ' ');
  const subject = kind === 'table' || word === name ? name : `${word} ${name}`;
  return { kind, name, what, message: `${subject} ${text}.` };
}
