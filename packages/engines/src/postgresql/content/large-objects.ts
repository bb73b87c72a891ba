import type { ContentItem, ContentLevel } from '@holdfast/shared/domain';
import type { Session } from '../session.ts';
import { shareOf } from './digests.ts';

/** Bytes of one object that are read at once. */
const pieceBytes = 256 * 1024;
/** Objects that are looked at by one statement. */
const objectsAtOnce = 500;

const name = 'large objects';

/**
 * Counts the large objects, and by the level digests their ids and content, piece by piece: they can be larger than what a
 * server holds in memory.
 * @param share that of an earlier measuring to do it alike; null: by their number of bytes
 */
export async function measureLargeObjects(
  session: Session,
  level: ContentLevel,
  share: number | null,
): Promise<ContentItem> {
  const [all] = await session.query<{ count: string; bytes: string }>(
    `select count(*), (select c.relpages::int8 * current_setting('block_size')::int8 from pg_class c
       where c.oid = 'pg_largeobject'::regclass) as bytes from pg_largeobject_metadata`,
  );
  const count = Number(all?.count ?? 0);
  if (level === 'counts') return { kind: 'large_objects', name, count, digest: null, share: null };
  const digested = share ?? (level === 'full' ? 1 : shareOf(Number(all?.bytes ?? 0)));
  let sum = 0n;
  let after = '0';
  for (;;) {
    const rows = await session.query<{ oid: string; chosen: boolean }>(
      `select oid::int8 as oid, abs(hashint8extended(oid::int8, 0) % ${1 / digested}) = 0 as chosen
       from pg_largeobject_metadata where oid > ${after}::oid order by oid limit ${objectsAtOnce}`,
    );
    const last = rows.at(-1);
    if (!last) break;
    after = last.oid;
    sum += await digest(
      session,
      rows.filter(({ chosen }) => chosen).map(({ oid }) => oid),
    );
  }
  return { kind: 'large_objects', name, count, digest: String(sum), share: digested };
}

/** The sum over all pieces of the objects, and one empty piece of each. */
async function digest(session: Session, oids: readonly string[]): Promise<bigint> {
  let sum = 0n;
  let open = oids;
  for (let at = 0; open.length > 0; at += pieceBytes) {
    const rows = await session.query<{ oid: string; hash: string; full: boolean }>(
      `select oid, hashtextextended(concat_ws(' ', oid, ${at}, sha256(piece)) collate "C", 0) as hash,
         octet_length(piece) = ${pieceBytes} as full
       from (select oid::int8, lo_get(oid, ${at}, ${pieceBytes}) as piece from unnest($1::oid[]) as oid offset 0) as pieces`,
      [open],
    );
    for (const { hash } of rows) sum += BigInt(hash);
    open = rows.filter(({ full }) => full).map(({ oid }) => oid);
  }
  return sum;
}
