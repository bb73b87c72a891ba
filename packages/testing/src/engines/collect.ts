import { buffer } from 'node:stream/consumers';
import { isMarkedAsUntransferable } from 'node:worker_threads';
import { HoldfastError, Secret, type Connection, type Engine, type ErrorCode } from '@holdfast/shared/domain';
import { expect } from 'chai';

/** A signal that nobody aborts. */
export const calm = (): { signal: AbortSignal } => ({ signal: new AbortController().signal });

/** A dump as the pipeline reads it: the memory of each chunk that is a whole buffer is gone once it was read. */
export async function* givenBack(dump: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const chunk of dump) {
    const copy = Buffer.from(chunk);
    const { buffer, byteLength } = chunk;
    const isWhole = buffer instanceof ArrayBuffer && byteLength === buffer.byteLength;
    if (isWhole && !isMarkedAsUntransferable(buffer)) buffer.transfer(0);
    yield copy;
  }
}

/** The whole dump of a small database. */
export async function dumpOf(engine: Engine, connection: Connection): Promise<Buffer> {
  const { stream } = await engine.dump(connection, calm());
  return buffer(givenBack(stream));
}

/** Waits for a failure and checks that it is one of the table, with a text for people that holds no password. */
export async function failureOf(
  work: Promise<unknown>,
  code: ErrorCode | readonly ErrorCode[],
  secret?: string,
): Promise<HoldfastError> {
  const outcome = await work.then(
    () => 'it succeeded',
    (error: unknown) => error,
  );
  if (!(outcome instanceof HoldfastError)) throw new Error('Not a failure of the table.', { cause: outcome });
  expect([code].flat(), outcome.message).to.include(outcome.code);
  expect(outcome.message.length).to.be.greaterThan(20);
  if (secret !== undefined) expect(outcome.message).to.not.contain(secret);
  return outcome;
}

/** A connection that leads nowhere, and how an engine says so before any work. */
export interface WrongConnection {
  what: string;
  change: Partial<Connection>;
  code: ErrorCode;
}

/** Those of engines whose servers know users and passwords. */
export const wrongConnections: readonly WrongConnection[] = [
  { what: 'a wrong password', change: { password: new Secret('wrong-password') }, code: 'auth_failed' },
  { what: 'no password', change: { password: null }, code: 'auth_failed' },
  { what: 'an unknown user', change: { user: 'nobody-here' }, code: 'auth_failed' },
  { what: 'an unknown host', change: { host: 'database.invalid' }, code: 'host_unknown' },
  { what: 'a closed port', change: { port: 1 }, code: 'host_unreachable' },
  { what: 'a missing database', change: { database: 'not there' }, code: 'database_missing' },
  { what: 'a host that is none', change: { host: '/tmp,other' }, code: 'configuration' },
];
