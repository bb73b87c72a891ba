import { HoldfastError, type Connection, type ContentItem, type ContentManifest } from '@holdfast/shared/domain';
import { mustEqual } from '../content-differs.ts';
import type { RedisContext } from './context.ts';
import { startDumpProgram } from './dump-program.ts';
import { faultOf } from './faults.ts';
import { isMarkKey } from './marks.ts';
import { findPlaces, type Found, type Place } from './places.ts';
import { RdbWalker, type RdbEntry } from './rdb/index.ts';
import { withSession } from './session.ts';

const algorithm = 'redis-keys-1';
const mayFollow = 40;
/**
 * Counts the keys of each type that never expire, and those that do. How a value is encoded depends on the server and its
 * history, so values are not digested; a key that expires may be gone before anybody looks again, so of those there is only a most.
 */
export class KeyCounter {
  /** How the databases that count are told from each other. */
  readonly #suffixes: Map<number, string>;
  readonly #isAll: boolean;
  readonly #lasting = new Map<string, number>();
  readonly #expiring = new Map<string, number>();

  /** @param isAll whether databases count that are not among the places, under their own numbers */
  constructor(places: readonly Place[], isAll = false) {
    this.#suffixes = new Map(places.map(({ number, of }) => [number, of === null ? '' : suffixOf(of)]));
    this.#isAll = isAll;
    for (const suffix of this.#suffixes.values()) this.#expiring.set(expiringName(suffix), 0);
  }

  add({ database, type, expiresAt }: RdbEntry): void {
    if (this.#isAll && !this.#suffixes.has(database)) {
      this.#suffixes.set(database, suffixOf(database));
      this.#expiring.set(expiringName(suffixOf(database)), 0);
    }
    const suffix = this.#suffixes.get(database);
    if (suffix === undefined) return;
    if (expiresAt === null) increment(this.#lasting, `${type}${suffix}`);
    else increment(this.#expiring, expiringName(suffix));
  }

  /** @param isSource whether this is what a later content is compared with */
  manifest(isSource: boolean): ContentManifest {
    const items: ContentItem[] = [
      ...Array.from(this.#lasting, ([name, count]) => ({
        kind: 'keys_of_type',
        name,
        count,
        digest: null,
        share: null,
      })),
      ...Array.from(this.#expiring, ([name, count]) => {
        const digest = isSource ? `0..${count}` : String(count);
        return { kind: 'expiring_keys', name, count: null, digest, share: 1 };
      }),
    ];
    const order = (item: ContentItem): string => `${item.kind} ${item.name}`;
    items.sort((a, b) => (order(a) < order(b) ? -1 : 1));
    return { version: 1, level: 'counts', algorithm, items, missing: [] };
  }
}

const suffixOf = (number: number): string => ` in database ${number}`;
const expiringName = (suffix: string): string => suffix.trimStart() || 'expiring keys';

function increment(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

/** Counts what a database holds now, over a dump of its own of which nothing is kept. */
export async function readContent(
  connection: Connection,
  like: ContentManifest,
  context: RedisContext,
): Promise<ContentManifest> {
  return withSession(connection, context, async (session) =>
    measure(connection, await findPlaces(session, connection), like, context),
  );
}

/** @throws HoldfastError configuration, when this version cannot measure as `like` was measured */
async function measure(
  connection: Connection,
  { look, places }: Pick<Found, 'look' | 'places'>,
  like: ContentManifest,
  context: RedisContext,
): Promise<ContentManifest> {
  if (like.algorithm !== algorithm || like.level !== 'counts') {
    const way = `${like.algorithm}, ${like.level}`;
    throw new HoldfastError('configuration', `This version cannot measure content as it was measured ("${way}").`);
  }
  const client = await context.clients.choose(look, context.signal);
  const counter = new KeyCounter(places);
  const walker = new RdbWalker(
    { entry: (entry) => counter.add(entry), hides: isMarkKey },
    { values: false, allowsNoChecksum: true, mayFollow },
  );
  const output = await startDumpProgram(client, connection, context);
  try {
    for await (const chunk of output as AsyncIterable<Buffer>) walker.write(chunk);
    walker.end();
  } catch (error) {
    output.destroy();
    throw faultOf(error, 'dump_failed');
  }
  return counter.manifest(false);
}

/**
 * Measures what was restored and compares it with what was backed up.
 * @throws HoldfastError content_differs, naming the first differences
 */
export async function checkContent(
  connection: Connection,
  found: Pick<Found, 'look' | 'places'>,
  expected: ContentManifest,
  context: RedisContext,
): Promise<void> {
  mustEqual(expected, await measure(connection, found, expected, context));
}
