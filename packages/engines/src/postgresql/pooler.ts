import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Connection } from '@holdfast/shared/domain';
import { DatabaseError, type Client } from 'pg';
import { codeOf, failure } from './failures.ts';

/** Transactions that are looked at; a pool hands a session that is free to whoever asks first. */
const rounds = 3;
const answerMs = 3000;

/** What a pooler that takes each statement alone says of a transaction. */
const protocolViolation = '08P01';

/** One connection of node-pg. */
export interface Open {
  client: Client;
  socket: Socket;
}

/**
 * Sees that a connection keeps one session of the server from its beginning to its end. What stands between gives a key of its
 * own for the cancelling of statements, so one that is the server's says at once that nothing does. Has to be asked before
 * anything is set in the session, which may be somebody else's by the next statement.
 * @param openOther opens one more connection like it
 * @returns whether something stands between
 * @throws HoldfastError configuration, when each transaction has another session; server_busy, when there is none for a second one
 */
export async function mustKeepSession(
  { client }: Open,
  openOther: () => Promise<Open>,
  connection: Connection,
): Promise<boolean> {
  if ((await sessionOf(client)) === keyOf(client)) return false;
  const answered = new AbortController();
  const late = delay(answerMs, 'late', { signal: answered.signal }).catch(() => 'late');
  const opening = openOther();
  try {
    const kept = await Promise.race([opening.then((other) => keepsSession(client, other.client)), late]);
    if (kept === 'late') throw failure('server_busy', withoutSecond, connection, undefined);
    if (kept === false) throw failure('configuration', shared, connection, undefined);
    return true;
  } finally {
    answered.abort();
    opening.then(({ socket }) => socket.destroy()).catch(() => undefined);
  }
}

const shared =
  'a connection pooler (such as PgBouncer with pool_mode = transaction) gives each transaction another session of the server, so that snapshots, locks and settings do not last. Register the address and port of the server itself, or of a pool with pool_mode = session';

/** What a restore says, as databases are renamed and dropped there while a pooler holds sessions in them. */
export const restoreNeedsServer =
  'a restore cannot go through a connection pooler: register the address and port of the server itself, and its password there';

const withoutSecond = `the connection pooler between gave no second session within ${answerMs / 1000} seconds: raise its pool_size to 5 at least, or register the address and port of the server itself`;

/** The number of the server's process, as the connection was told when it began. */
const keyOf = (client: Client): unknown => (client as { processID?: unknown }).processID;

async function sessionOf(client: Client): Promise<unknown> {
  const { rows } = await client.query<{ pid: number }>('select pg_catalog.pg_backend_pid() as pid');
  return rows[0]?.pid;
}

/** Who has a session of its own keeps it while another one works, and is the only one to have it. */
async function keepsSession(client: Client, other: Client): Promise<boolean> {
  try {
    for (let round = 0; round < rounds; round++) {
      const mine = await sessionOf(client);
      await other.query('begin');
      try {
        if ((await sessionOf(other)) === mine) return false;
        if ((await sessionOf(client)) !== mine) return false;
      } finally {
        // A pooler throws away a session of the server that is left within a transaction.
        await other.query('rollback');
      }
    }
    return true;
  } catch (error) {
    if (error instanceof DatabaseError && codeOf(error) === protocolViolation) return false;
    throw error;
  }
}
