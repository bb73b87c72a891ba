import type { Limits } from '@holdfast/shared/domain';
import { databaseOf, isDue, serverOf, takesRoom, taken, type Contender } from './limits.ts';

/** What decides between rows of one kind of work. SQL in it calls the row `w`. */
export interface Ordered extends Contender {
  /** Conditions, one of which holds for each row; where the same one holds, the older row goes first. */
  classes: readonly string[];
  /** The row's place in the order: the lesser goes first. */
  place: (row: string) => string;
  /** The column of the account that says when it last had its turn. */
  turnAt: string;
  /** Of the rows in which this is the same only the first may begin. */
  oneOf: string;
}

/** So many waiting rows of an account are looked at for those that may begin. */
const lookedAt = 1000;
/** So many rows are rung for again in one turn. */
const rungAgain = 100;

/**
 * Marks as rung what is to begin next, best first, and what was rung longer than `$2` seconds ago. At most `$1` rows, or
 * as many as run now, are rung for and have not begun: the order is decided late.
 *
 * A row's turn is how many of its account's would run if it and those of the account before it began; the rows of the
 * first turn go before those of the second, and so on; within a turn the account goes first that had none for longest.
 * So an account of which nothing runs waits for no more than one row of each other. Rows that would exceed a limit, together
 * with what runs, what was rung for and what is taken with them, wait. The very first row always fits, so that something
 * always goes on.
 */
export function takeInOrder(ordered: Ordered, limits: Limits): string {
  const { table, destination, free, classes, place, oneOf, turnAt } = ordered;
  const waiting = `w.status = 'scheduled' and w.server_id is null`;
  const rung = `${waiting} and w.rung_at is not null`;
  const into = destination ? `w.${destination}` : 'null::integer';
  const onDatabase = databaseOf[table];
  const ofClass = (condition: string): string => `(
    select w.id, w.account_id, ${onDatabase} as database_id, ${into} as destination_id, ${place('w')} as place, ${oneOf} as one
    from ${table} w
    where w.account_id = a.account_id and ${condition} and ${isDue('w')} and w.rung_at is null and ${free}
      and coalesce((${onDatabase}) not in (select database_id from full_databases), true)
      and ${destination ? `${into} not in (select destination_id from full_destinations)` : 'true'}
    order by w.created_at, w.id limit ${lookedAt})`;
  return `
    with recursive takes_room as materialized (${takesRoom(
      ordered,
      `select account_id, ${onDatabase}, ${into}, false from ${table} w where ${rung}`,
    )}
    ), room as materialized (
      select greatest(0, greatest($1::integer, (select count(*) from ${table} w where w.status = 'pending' and w.server_id is null))
        - (select count(*) from ${table} w where ${rung})) as rows
    ), of_account as materialized (
      select account_id, ${taken('true')} as taken from takes_room t group by account_id
    ), of_server as materialized (
      select server, ${taken('true')} as taken from takes_room t group by server
    ), of_destination as materialized (
      select destination_id, ${taken('true')} as taken from takes_room t where destination_id is not null group by destination_id
    ), full_databases as materialized (
      select d.id as database_id from of_server s join holdfast.databases d on ${serverOf} = s.server
      where s.taken >= ${limits.server}
    ), full_destinations as materialized (
      select destination_id from of_destination where taken >= ${limits.destination}
    ), accounts as (
      (select w.account_id from ${table} w where ${waiting} order by w.account_id limit 1)
      union all
      select (select w.account_id from ${table} w where ${waiting} and w.account_id > a.account_id order by w.account_id limit 1)
      from accounts a where a.account_id is not null
    ), candidates as (
      select c.*, coalesce(of_account.taken, 0) as taken, ${serverOf} as server,
        coalesce(account.${turnAt}, '-infinity') as turn_at
      from accounts a
      left join of_account using (account_id)
      cross join lateral (
        select * from (
          select distinct on (w.one) w.* from (${classes.map(ofClass).join(' union all ')}) w order by w.one, w.place, w.id
        ) firsts order by place, id limit (select rows from room)
      ) c
      left join holdfast.databases d on d.id = c.database_id
      join holdfast.accounts account on account.id = c.account_id
      where coalesce(of_account.taken, 0) < ${limits.account}
    ), turns as (
      select c.*, taken + row_number() over (partition by account_id order by place, id) as turn from candidates c
    ), contested as (
      select t.*,
        row_number() over (partition by server order by turn, turn_at, place, id) as on_server,
        row_number() over (partition by destination_id order by turn, turn_at, place, id) as into_destination
      from turns t
    ), fitting as (
      select c.id, c.account_id, c.place, c.turn_at, c.taken + row_number() over (partition by account_id order by c.place, c.id) as turn
      from contested c left join of_server s using (server) left join of_destination o using (destination_id)
      where (server is null or coalesce(s.taken, 0) + on_server <= ${limits.server})
        and (destination_id is null or coalesce(o.taken, 0) + into_destination <= ${limits.destination})
    ), next as materialized (
      select id, account_id, row_number() over (order by turn, turn_at, place, id) as nth from fitting where turn <= ${limits.account}
      order by nth limit (select rows from room)
    ), again as materialized (
      select w.id from ${table} w where ${rung} and w.rung_at <= now() - make_interval(secs => $2)
      order by w.rung_at limit ${rungAgain} for update skip locked
    ), unlocked as materialized (
      select w.id from ${table} w where w.id = any (array(select id from next)) and ${waiting} and w.rung_at is null
      for update skip locked
    ), marked as (
      update ${table} w set rung_at = clock_timestamp()
      where w.id = any (array(select id from unlocked union all select id from again))
      returning w.id, w.attempt + 1 as attempt, w.refusals, w.request_id as "requestId"
    ), had_turn as (
      update holdfast.accounts set ${turnAt} = clock_timestamp() where id in (select account_id from next)
    ) select marked.* from marked left join next using (id) order by next.nth nulls first`;
}
