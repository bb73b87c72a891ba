import type { ContentItem } from '@holdfast/shared/domain';
import type { PartConditions } from '../part/conditions.ts';
import { dumpedRelations } from '../privileges.ts';
import type { Session } from '../session.ts';

const sequencesAtOnce = 100;

interface Sequence extends Record<string, unknown> {
  oid: string;
  /** Qualified and quoted. */
  name: string;
  increment: string;
}

/** Where each sequence stands: the last value given out, or what lies one step before the first. Null: it could not be read. */
export type Positions = ReadonlyMap<string, bigint | null>;

/**
 * Reads where the sequences stand now. No snapshot holds them still: the program that dumps reads a later value than whoever
 * reads before it, and an earlier one than whoever reads after it.
 */
export async function readSequences(
  session: Session,
  { relation }: PartConditions,
): Promise<{ positions: Positions; increments: Positions }> {
  const sequences = await session.query<Sequence>(
    `select c.oid::int8 as oid, format('%I.%I', n.nspname, c.relname) as name, s.seqincrement as increment
     from ${dumpedRelations.replace('where', 'join pg_sequence s on s.seqrelid = c.oid where')} and c.relkind = 'S' and ${relation}
     order by 2`,
  );
  const positions = new Map<string, bigint | null>();
  for (let at = 0; at < sequences.length; at += sequencesAtOnce) {
    const some = sequences.slice(at, at + sequencesAtOnce);
    try {
      await read(session, some, positions);
    } catch (error) {
      // One that was dropped meanwhile spoils the statement for all.
      if (some.length === 1) throw error;
      for (const one of some) {
        await read(session, [one], positions).catch(() => positions.set(one.name, null));
      }
    }
  }
  return { positions, increments: new Map(sequences.map(({ name, increment }) => [name, BigInt(increment)])) };
}

async function read(session: Session, some: readonly Sequence[], into: Map<string, bigint | null>): Promise<void> {
  const selects = some.map(
    ({ oid, name }) => `select ${oid}::int8 as oid, last_value::text as value, is_called as called from ${name}`,
  );
  const rows = await session.query<{ oid: string; value: string; called: boolean }>(selects.join(' union all '));
  const byOid = new Map(rows.map((row) => [row.oid, row]));
  for (const { oid, name, increment } of some) {
    const row = byOid.get(oid);
    into.set(name, row ? BigInt(row.value) - (row.called ? 0n : BigInt(increment)) : null);
  }
}

/**
 * What a restored copy may show: the one position, or for a sequence that moved while the dump was made, the two between which
 * the dump has it. One that went backwards (a cycle, a `setval`) can stand anywhere and has no digest.
 */
export function sequenceItems(before: Positions, after: Positions, increments: Positions): ContentItem[] {
  return [...after].flatMap(([name, last]) => {
    const first = before.get(name);
    // Made after the snapshot: the dump does not know it.
    if (first === undefined) return [];
    return [
      { kind: 'sequence', name, count: null, digest: range(first, last, increments.get(name) ?? 1n), share: null },
    ];
  });
}

function range(first: bigint | null, last: bigint | null, increment: bigint | null): string | null {
  if (first === null || last === null) return null;
  if (first === last) return String(last);
  const forward = last > first;
  if (forward !== (increment ?? 1n) > 0n) return null;
  return forward ? `${first}..${last}` : `${last}..${first}`;
}
