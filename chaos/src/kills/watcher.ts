import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import type { TestPostgres } from '@holdfast/testing/postgres';

/**
 * Clients that connect again and again, as a busy program does, and look in one statement whether what they see is one whole:
 * what the label says of the tables must be what they hold.
 */
export interface Watcher {
  /** Looks that saw a whole. */
  readonly looks: number;
  /** Connections that were refused or ended, which is allowed. */
  readonly refusals: number;
  /** What must not be. */
  readonly mixtures: readonly string[];
  stop(): Promise<void>;
}

/** Refused or ended: the name is just being given to another database, sessions are ended, the server starts or is gone. */
const allowed = /^(3D000|57P0[1235]|08\d\d\d|53300|ECONNREFUSED|ECONNRESET|EPIPE)$/;
const allowedText = /^Connection terminated|^Client has encountered a connection error/;
const looksPerConnection = 5;
/** So that what is watched has the processor, too. */
const pauseMs = 5;

const look = `select version, total = (select sum(balance) from accounts) as "sameTotal",
    notes = (select count(*)::int from notes) as "sameNotes",
    digest = (select md5(string_agg(body, '' order by id)) from notes) as "sameDigest",
    (select count(*)::int from pg_index i join pg_class c on c.oid = i.indexrelid where c.relname = 'notes_body') as indexes
  from label`;

export function startWatcher({ host, port, user, password }: TestPostgres, database: string, clients = 2): Watcher {
  const state = { going: true, looks: 0, refusals: 0, mixtures: [] as string[] };
  const watch = async (): Promise<void> => {
    while (state.going) {
      const client = new Client({ host, port, user, password, database });
      client.on('error', () => undefined);
      try {
        await client.connect();
        for (let i = 0; i < looksPerConnection && state.going; i++) {
          const { rows } = await client.query<Record<string, unknown>>(look);
          const [row = {}] = rows;
          const isWhole =
            rows.length === 1 && row['sameTotal'] && row['sameNotes'] && row['sameDigest'] && row['indexes'] === 1;
          if (isWhole) state.looks += 1;
          else state.mixtures.push(JSON.stringify(rows));
          await delay(pauseMs);
        }
      } catch (error) {
        const { code = '', message } = error as { code?: string; message: string };
        if (allowed.test(code) || allowedText.test(message)) state.refusals += 1;
        else state.mixtures.push(`${code} ${message}`);
      } finally {
        await client.end().catch(() => undefined);
        await delay(pauseMs);
      }
    }
  };
  const watching = Promise.all(Array.from({ length: clients }, watch));
  return {
    get looks() {
      return state.looks;
    },
    get refusals() {
      return state.refusals;
    },
    get mixtures() {
      return state.mixtures;
    },
    stop: async () => {
      state.going = false;
      await watching;
    },
  };
}
