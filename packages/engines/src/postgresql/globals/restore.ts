import { isUtf8 } from 'node:buffer';
import type { Readable } from 'node:stream';
import { HoldfastError, type Connection, type GlobalsLook, type GlobalsReport } from '@holdfast/shared/domain';
import type { PostgresContext } from '../context.ts';
import { failure } from '../failures.ts';
import { withMaintenance } from '../maintenance.ts';
import type { Session } from '../session.ts';
import { applyMemberships } from './apply-memberships.ts';
import { applyRoles } from './apply-roles.ts';
import { applyTablespaces } from './apply-tablespaces.ts';
import { outcomeOf } from './outcome.ts';
import { globalsFindings } from './preflight.ts';
import { readGlobals } from './read.ts';
import type { Globals } from './roles.ts';
import { NotGlobals } from './tokens.ts';

/** A hundred thousand roles and more: only what is no globals file is larger. */
const largestBytes = 64 * 1024 * 1024;

/** Two restores that meet wait for each other instead of failing at the roles that the other one makes. */
const lock = `select pg_advisory_xact_lock(hashtext('holdfast globals'))`;

/**
 * Reads the whole file into roles and memberships, then makes what is missing of them in one transaction, and tablespaces. Nothing of the
 * file is run: psql would obey whatever somebody wrote into it, as a superuser of the server and, by its own commands, as
 * the user of this machine.
 */
export function restoreGlobals(
  connection: Connection,
  input: Readable,
  context: PostgresContext,
): Promise<GlobalsReport> {
  return withGlobals(connection, input, context, async (session, globals, refuse) => ({
    serverVersion: session.server.version,
    outcome: await apply(session, globals, refuse),
  }));
}

/** Reads the whole file in the same way, and compares it with the server. */
export function preflightGlobals(
  connection: Connection,
  input: Readable,
  context: PostgresContext,
): Promise<GlobalsLook> {
  return withGlobals(connection, input, context, async (session, globals) => ({
    findings: await globalsFindings(session, globals),
    roles: globals.roles.map(({ name }) => name),
  }));
}

async function withGlobals<T>(
  connection: Connection,
  input: Readable,
  context: PostgresContext,
  work: (session: Session, globals: Globals, refuse: (why: string) => HoldfastError) => Promise<T>,
): Promise<T> {
  const { signal } = context;
  input.on('error', () => undefined);
  const refuse = (why: string): HoldfastError =>
    failure('restore_failed', `${why}; nothing was changed`, connection, undefined);
  try {
    const globals = parse(await textOf(input, signal, refuse), refuse);
    return await withMaintenance(connection, { ...context, target: null }, ({ session }) =>
      work(session, globals, refuse),
    );
  } catch (error) {
    input.destroy();
    throw signal.aborted ? signal.reason : error;
  }
}

/** Reads the whole file as `restoreGlobals` would, and applies nothing. @throws HoldfastError integrity */
export async function checkGlobals(input: Readable, signal: AbortSignal): Promise<void> {
  const refuse = (why: string): HoldfastError =>
    new HoldfastError('integrity', `The file of roles cannot be read: ${why}.`);
  input.on('error', () => undefined);
  try {
    parse(await textOf(input, signal, refuse), refuse);
  } catch (error) {
    input.destroy();
    throw signal.aborted ? signal.reason : error;
  }
}

/** What fails closes the session, and so ends the transaction without a change. Tablespaces are made outside of one. */
async function apply(session: Session, globals: Globals, refuse: (why: string) => HoldfastError): Promise<string> {
  await session.query('BEGIN');
  await session.query(lock);
  const roles = await applyRoles(session, globals.roles);
  const memberships = await applyMemberships(session, globals.memberships, refuse);
  await session.query('COMMIT');
  // Their owners have to be there.
  const tablespaces = await applyTablespaces(session, globals.tablespaces);
  return outcomeOf(roles, memberships, tablespaces);
}

async function textOf(input: Readable, signal: AbortSignal, refuse: (why: string) => HoldfastError): Promise<string> {
  const stop = (): void => void input.destroy(new Error('aborted'));
  signal.addEventListener('abort', stop, { once: true });
  try {
    signal.throwIfAborted();
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of input as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > largestBytes) throw refuse('the globals are larger than 64 MiB');
      chunks.push(chunk);
    }
    const bytes = Buffer.concat(chunks);
    if (!isUtf8(bytes)) throw refuse('the globals are not in UTF-8');
    return bytes.toString('utf8');
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

function parse(text: string, refuse: (why: string) => HoldfastError): Globals {
  try {
    return readGlobals(text);
  } catch (error) {
    if (error instanceof NotGlobals) throw refuse(error.message);
    throw error;
  }
}
