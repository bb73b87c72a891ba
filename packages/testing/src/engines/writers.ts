import type { Connection } from '@holdfast/shared/domain';
import { openClient } from './postgresql.ts';

const accounts = 500;
/** What all accounts hold together at any moment. */
export const total = accounts * 1000;

/** Statements that make what `startWriters` writes to, large enough that a dump of it takes a while. */
export function writersStatements(rows: number): string[] {
  return [
    `create table accounts (id int primary key, balance bigint not null)`,
    `insert into accounts select g, 1000 from generate_series(1, ${accounts}) g`,
    `create table transfers (id bigserial primary key, source int not null references accounts, target int not null references accounts,
       amount int not null, at timestamptz not null default clock_timestamp())`,
    `create table notes (id int generated always as identity primary key, text text not null, tags jsonb, n double precision)`,
    `create index on notes (n)`,
    `insert into notes (text, tags, n) select repeat(md5(g::text), 1 + g % 9), jsonb_build_object('n', g), g / 7.0
       from generate_series(1, ${rows}) g`,
    `create table journal (at timestamptz not null, what text)`,
    `create table files (id serial primary key, content oid not null)`,
    `insert into files (content) select lo_from_bytea(0, decode(repeat(md5(g::text), 100 * g), 'hex')) from generate_series(1, 20) g`,
  ];
}

export interface Writers {
  /** Transactions so far. */
  readonly transactions: number;
  /** Ends them and waits. @throws what a writer failed with */
  stop(): Promise<void>;
}

/** The kinds of transactions; `x` is a whole number that is another each time. */
const kinds: readonly ((x: number) => string[])[] = [
  (x) => [
    `update accounts set balance = balance - ${x % 17} where id = ${1 + (Math.min(x % 500, (x * 7) % 499) % accounts)}`,
    `update accounts set balance = balance + ${x % 17} where id = ${1 + (Math.max(x % 500, (x * 7) % 499) % accounts)}`,
    `insert into transfers (source, target, amount) values (1, 2, ${x % 17})`,
  ],
  (x) => [`insert into notes (text, tags, n) values (repeat(md5('${x}'), ${1 + (x % 40)}), '{"w": ${x}}', ${x} / 3.0)`],
  (x) => [`update notes set text = md5('${x}') || text, n = n + 1 where id % 997 = ${x % 997}`],
  (x) => [`delete from notes where id % 1009 = ${x % 1009}`, `select nextval('transfers_id_seq')`],
  (x) => [`insert into journal values (clock_timestamp(), null), ('infinity', 'entry ${x}')`],
  (x) => [
    `insert into files (content) values (lo_from_bytea(0, '\\x${x.toString(16).padStart(8, '0')}'))`,
    `with gone as (delete from files where id = (select min(id) from files) returning content) select lo_unlink(content) from gone`,
  ],
];

/** Clients that write as fast as they can, each transaction keeping the sum of the accounts. */
export async function startWriters(connection: Connection, clients = 4): Promise<Writers> {
  const state = { stopped: false, transactions: 0 };
  const write = async (first: number): Promise<void> => {
    const client = await openClient(connection);
    try {
      for (let x = first; !state.stopped; x += clients) {
        const statements = kinds[x % kinds.length]?.(x) ?? [];
        await client.query(['begin', ...statements, 'commit'].join('; ')).catch(async (error: unknown) => {
          // Two of them deleted the same row, or met in the wrong order.
          if (!retried.has((error as { code?: string }).code ?? '')) throw error;
          await client.query('rollback');
        });
        state.transactions += 1;
      }
    } finally {
      await client.end();
    }
  };
  const writers = Array.from({ length: clients }, (_none, index) => write(index));
  const all = Promise.all(writers);
  all.catch(() => {
    state.stopped = true;
  });
  return {
    get transactions() {
      return state.transactions;
    },
    stop: async () => {
      state.stopped = true;
      await all;
    },
  };
}

/** Deadlock, and a large object that another one had removed. */
const retried = new Set(['40P01', '42704', '40001']);
