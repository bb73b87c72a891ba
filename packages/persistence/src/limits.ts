import type { Limits } from '@holdfast/shared/domain';
import type { EntityManager } from 'typeorm';

/**
 * The kinds of work that share the room, each with the database on whose server it works, as an expression on the row `w`; null
 * where it works on none.
 */
export const databaseOf = {
  'holdfast.backups': 'w.database_id',
  'holdfast.restores': 'w.database_id',
  'holdfast.verifications': `case when w.level in ('restorable', 'identical') then w.database_id end`,
  'holdfast.policy_runs': 'null::uuid',
} as const;
export type WorkTableName = keyof typeof databaseOf;
/** A look at what a server has takes no room: it is over in a moment. */
const workTables = (Object.keys(databaseOf) as WorkTableName[]).filter((table) => table !== 'holdfast.policy_runs');

/** What the limits and the order have to know of a kind of work. SQL in it calls the row `w`. */
export interface Contender {
  table: WorkTableName;
  /** The column with the destination that it writes to; null where it writes to none. */
  destination: string | null;
  /** The tables of what goes first where both need the same room. */
  yieldsTo: readonly WorkTableName[];
  /** The condition on the row's database alone under which it may begin. */
  free: string;
}

/** The largest number that the server's comparison takes: as good as no limit. */
const unlimited = 2_147_483_647;
export const noLimits: Limits = { server: unlimited, destination: unlimited, account: unlimited };

/** The first keys of our advisory locks; the second says what of the kind is locked. */
const lockClass = { order: 1_752_133_731, account: 1_752_133_732, server: 1_752_133_733 } as const;

/** A process that stands still in the middle must not hold the locks that all others need. */
const patience = `set_config('idle_in_transaction_session_timeout', '10s', true)`;

/** The server of the registered database `d`, as one text; null where only a remote server reaches it. */
export const serverOf = `lower(d.host) || ':' || d.port`;

/** The due work of our workers that has not begun. */
export const isDue = (row: string): string =>
  `${row}.status = 'scheduled' and ${row}.server_id is null and ${row}.run_after <= now()`;

const runs = (table: WorkTableName, destination: string | null): string =>
  `select account_id, ${databaseOf[table]} as database_id, ${destination ?? 'null::integer'} as destination_id, false as waits
   from ${table} w where status = 'pending' and server_id is null`;

/**
 * What takes room, as a query: all that runs, what `also` adds, and (`waits`) the due work that goes first.
 * @param also a query of the same columns
 */
export function takesRoom({ table, destination, yieldsTo }: Contender, also?: string): string {
  const all = workTables.map((one) => runs(one, one === table ? destination : null));
  if (also !== undefined) all.push(also);
  for (const one of yieldsTo) {
    all.push(`select account_id, ${databaseOf[one]}, null, true from ${one} w where ${isDue('w')}`);
  }
  return `
    select t.account_id, t.destination_id, t.waits, ${serverOf} as server
    from (${all.join(' union all ')}) t
    left join holdfast.databases d on d.id = t.database_id`;
}

/** How much of the room is taken, counted over rows of `takesRoom`: one place is kept for what goes first. */
export const taken = (where: string): string =>
  `count(*) filter (where ${where} and not t.waits) + least(1, count(*) filter (where ${where} and t.waits))`;

/** The condition under which one more fits. True only for one of them at a time inside of `locked`. */
export function fits(contender: Contender, limits: Limits): string {
  const { table, destination } = contender;
  const intoDestination = destination
    ? `and ${taken(`t.destination_id = w.${destination}`)} < ${limits.destination}`
    : '';
  return `(
    select ${taken('t.account_id = w.account_id')} < ${limits.account}
      and ${taken('t.server = place.server')} < ${limits.server} ${intoDestination}
    from (select (select ${serverOf} from holdfast.databases d where d.id = ${databaseOf[table]}) as server) place
    left join (${takesRoom(contender)}) t on true)`;
}

/**
 * Takes the locks under which work may be counted and begun, until the end of the transaction: first the account's (of
 * which its databases and destinations are), then the server's. What is counted afterwards, in a statement of its own,
 * holds until the commit.
 */
export async function lockRoom(manager: EntityManager, table: WorkTableName, id: string): Promise<void> {
  await manager.query(
    `select ${patience}, pg_advisory_xact_lock(${lockClass.account}, place.account_id),
       pg_advisory_xact_lock(${lockClass.server}, hashtext(place.server))
     from (select w.account_id, ${serverOf} as server
       from ${table} w left join holdfast.databases d on d.id = ${databaseOf[table]} where w.id = $1) place`,
    [id],
  );
}

/** @returns whether it is this transaction's turn to decide the order of that; until its end it is nobody else's */
export async function lockOrder(manager: EntityManager, what: string): Promise<boolean> {
  const [row] = await manager.query<{ locked: boolean }[]>(
    `select ${patience}, pg_try_advisory_xact_lock(${lockClass.order}, hashtext($1)) as locked`,
    [what],
  );
  return row?.locked === true;
}
