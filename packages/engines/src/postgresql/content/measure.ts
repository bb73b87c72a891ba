import type { ContentItem, ContentLevel, HoldfastError } from '@holdfast/shared/domain';
import { codeOf } from '../failures.ts';
import type { PartConditions } from '../part/conditions.ts';
import type { Session } from '../session.ts';
import { definitionTasks, readExtensions } from './definitions.ts';
import { measureLargeObjects } from './large-objects.ts';
import { within } from './snapshot.ts';
import { listTables, measureTable, TableChanged } from './tables.ts';

/** Sessions that measure at once. */
const sessionsAtOnce = 2;
/** What the list of the tables may take at least. */
const listingSeconds = 60;

export interface Measuring {
  snapshot: string;
  level: ContentLevel;
  /** The shares of an earlier measuring, to do it alike: by kind and name. Null: each by its size. */
  shares: ReadonlyMap<string, number | null> | null;
  /** What alone is measured, of a part; null: everything. */
  kinds: readonly string[] | null;
  /** What of it the dump holds. */
  conditions: PartConditions;
  /** Says how many seconds are left; null where nobody set a limit. */
  left: () => number | null;
  /** The seconds that it may take, for people. */
  seconds: number;
  signal: AbortSignal;
  /** Opens one more session, which this closes. */
  open: () => Promise<Session>;
}

export interface Measured {
  items: ContentItem[];
  /** What was not measured, in sentences. */
  missing: { message: string; cause: unknown }[];
}

/** One thing to be measured. */
interface Task {
  /** What is missing without it. */
  what: string;
  /** What is still known when it fails. */
  otherwise: ContentItem[];
  work: (session: Session) => Promise<ContentItem[]>;
}

/**
 * Measures everything in one snapshot, by a few sessions, and goes on after what fails.
 * @param first takes part, and is left open
 * @throws the signal's reason; whatever kept it from seeing what there is to be measured
 */
export async function measure(measuring: Measuring, first: Session): Promise<Measured> {
  const result: Measured = { items: [], missing: [] };
  const tasks = await plan(measuring, first);
  const next = tasks.values();
  const help = async (): Promise<void> => {
    // One session is enough, where the server has no place for more.
    const session = await measuring.open().catch(() => null);
    if (!session) return;
    try {
      await work(measuring, session, next, result);
    } finally {
      await session.close();
    }
  };
  const others = tasks.length > sessionsAtOnce ? Array.from({ length: sessionsAtOnce - 1 }, help) : [];
  await Promise.all([work(measuring, first, next, result), ...others]);
  return result;
}

async function plan(
  { snapshot, level, shares, kinds, conditions, left }: Measuring,
  session: Session,
): Promise<Task[]> {
  // However little time there is, what it is not enough for has to be named.
  const tables = await within(session, snapshot, Math.max(listingSeconds, left() ?? 0), () =>
    listTables(session, conditions),
  );
  const shareOf = (kind: string, name: string): number | null => shares?.get(`${kind} ${name}`) ?? null;
  const largeObjects: Task = {
    what: 'The large objects',
    otherwise: [],
    work: async (with_) => [await measureLargeObjects(with_, level, shareOf('large_objects', 'large objects'))],
  };
  return [
    ...(kinds === null ? [{ what: 'The extensions', otherwise: [], work: readExtensions }] : []),
    ...definitionTasks(kinds, conditions).map(({ what, read }) => ({
      what: `The definitions of ${what}`,
      otherwise: [],
      work: read,
    })),
    ...tables.map((table) => ({
      what: table.name,
      otherwise: [{ kind: 'table', name: table.name, count: null, digest: null, share: null }],
      work: async (with_: Session) => [await measureTable(with_, table, level, shareOf('table', table.name))],
    })),
    ...(kinds?.includes('large_objects') === false ? [] : [largeObjects]),
  ];
}

async function work(
  { snapshot, left, seconds, signal }: Measuring,
  session: Session,
  tasks: Iterable<Task>,
  { items, missing }: Measured,
): Promise<void> {
  for (const { what, otherwise, work } of tasks) {
    try {
      const rest = left();
      if (rest !== null && rest <= 0) throw new OutOfTime();
      items.push(...(await within(session, snapshot, rest, () => work(session))));
    } catch (error) {
      signal.throwIfAborted();
      items.push(...otherwise);
      missing.push({ message: `${what}: not measured, because ${reason(error, seconds)}.`, cause: error });
    }
  }
}

class OutOfTime extends Error {}

const reasons: Readonly<Record<string, string>> = {
  '55P03': 'somebody else held a lock on it for too long',
  '42P01': 'it was dropped while the dump was made',
  '42703': 'its columns were changed while the dump was made',
  XX000: 'it was dropped or changed while the dump was made',
};

function reason(error: unknown, seconds: number): string {
  if (error instanceof TableChanged) return 'it was truncated or rewritten while the dump was made';
  const state = codeOf((error as Error).cause);
  if (error instanceof OutOfTime || state === '57014') return `the time for it, ${seconds} seconds, was over`;
  return reasons[state] ?? `the server said: ${(error as HoldfastError).message.replace(/\.$/, '')}`;
}
