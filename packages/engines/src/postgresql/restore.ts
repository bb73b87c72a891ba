import type { Readable } from 'node:stream';
import { HoldfastError, type Connection, type RestoreReport, type RestoreRequest } from '@holdfast/shared/domain';
import { escapeIdentifier } from 'pg';
import { feedProgram, startProgram, type ProgramEnd } from '../process/index.ts';
import { archiveMajor } from './archive-header.ts';
import { dropDatabase, dropLeftOvers } from './clean-up.ts';
import type { Client, Clients } from './clients.ts';
import type { PostgresContext } from './context.ts';
import { failure, fromProgram } from './failures.ts';
import { databaseArgument, libpqEnvironment } from './libpq.ts';
import { withMaintenance } from './maintenance.ts';
import { madeBy, restoreNames, sessionLabel, type RestoreNames } from './names.ts';
import { createStatement, readProperties, type DatabaseProperties } from './properties.ts';
import type { ServerVersion, Session } from './session.ts';
import { swap, targetExists } from './swap.ts';

const cleanUpTimeoutMs = 60_000;

/** What was prepared for the archive. */
interface Build {
  client: Client;
  server: ServerVersion;
  names: RestoreNames;
  target: string;
  oid: number;
  label: string;
  /** For the database when it is new. */
  comment: string | null;
}

/** Restores into a new database beside the target, which takes the target's name when it is whole. */
export async function restore(
  clients: Clients,
  connection: Connection,
  request: RestoreRequest,
  input: Readable,
  context: PostgresContext,
): Promise<RestoreReport> {
  // The input may fail while the database is being prepared; whoever reads it next gets the error.
  input.on('error', () => undefined);
  try {
    const writtenBy = await archiveMajor(input);
    const build = await prepare(clients, connection, request, writtenBy, context);
    try {
      await fill(build, connection, request, input, context);
      context.signal.throwIfAborted();
      return await putInPlace(build, connection, context);
    } catch (error) {
      await abandon(build, connection, context);
      throw error;
    }
  } catch (error) {
    input.destroy();
    throw context.signal.aborted ? context.signal.reason : error;
  }
}

async function prepare(
  clients: Clients,
  connection: Connection,
  { target, ownership, restoreId }: RestoreRequest,
  writtenBy: number | null,
  context: PostgresContext,
): Promise<Build> {
  const { signal } = context;
  const name = target.mode === 'in_place' ? connection.database : target.database;
  const names = restoreNames(name, restoreId);
  const label = sessionLabel(restoreId);
  return withMaintenance(connection, { ...context, target: name, label }, async (maintenance) => {
    const { session } = maintenance;
    const client = await clients.choose('pg_restore', { server: session.server, archiveMajor: writtenBy }, signal);
    const registered = await readProperties(session, connection.database);
    if (target.mode === 'new_database') await refuseExisting(session, connection, name);
    await checkPrivileges(session, connection, target.mode === 'in_place' ? registered : null);
    await dropLeftOvers(maintenance, restoreId);

    const keepsOwner = target.mode === 'in_place' || ownership === 'keep';
    const owner = keepsOwner ? (registered?.owner ?? null) : null;
    await session.query(createStatement(names.build, registered, owner, session.server));
    const built = await readProperties(session, names.build);
    if (!built) throw new HoldfastError('internal');
    const comment = target.mode === 'new_database' ? madeBy(restoreId) : null;
    return { client, server: session.server, names, target: name, oid: built.oid, label, comment };
  });
}

async function refuseExisting(session: Session, connection: Connection, name: string): Promise<void> {
  const rows = await session.query('select from pg_database where datname = $1', [name]);
  if (rows.length > 0) throw targetExists(connection, name);
}

async function checkPrivileges(
  session: Session,
  connection: Connection,
  replaced: DatabaseProperties | null,
): Promise<void> {
  const [self] = await session.query<{ create: boolean; owns: boolean }>(
    `select rolsuper or rolcreatedb as "create",
       $1::text is null or exists (select from pg_roles o where o.rolname = $1 and pg_has_role(o.oid, 'MEMBER')) as owns
     from pg_roles where rolname = current_user`,
    [replaced?.owner ?? null],
  );
  const user = escapeIdentifier(connection.user);
  const missing = [];
  if (!self?.create) {
    missing.push(
      `A restore builds a database beside the old one, which the user may not create: ALTER ROLE ${user} CREATEDB;`,
    );
  }
  if (!self?.owns && replaced) {
    const database = escapeIdentifier(connection.database);
    missing.push(
      `The database belongs to ${escapeIdentifier(replaced.owner)}: ALTER DATABASE ${database} OWNER TO ${user};`,
    );
  }
  if (missing.length > 0) throw failure('privilege_missing', missing.join(' '), connection, undefined);
}

async function fill(
  { client, names }: Build,
  connection: Connection,
  { ownership }: RestoreRequest,
  input: Readable,
  { signal }: PostgresContext,
): Promise<void> {
  const { env, dispose } = await libpqEnvironment(connection);
  try {
    const program = startProgram({
      program: client.path,
      args: [
        '--exit-on-error',
        '--no-password',
        `--dbname=${databaseArgument(names.build)}`,
        ...(ownership === 'skip' ? ['--no-owner', '--no-privileges'] : []),
      ],
      env,
      secrets: connection.password ? [connection.password] : [],
      signal,
      judge: (end) => judge(end, connection),
    });
    program.stdout.resume();
    await feedProgram(input, program);
  } finally {
    await dispose();
  }
}

function judge({ code, signal, startError, stderr }: ProgramEnd, connection: Connection): HoldfastError | null {
  if (code === 0) return null;
  if (startError)
    return failure('client_missing', `pg_restore did not start: ${startError.message}`, connection, startError);
  if (signal) return failure('restore_killed', `pg_restore was ended by ${signal}. ${stderr}`, connection, undefined);
  return fromProgram(stderr || `pg_restore exited with code ${code}`, connection, 'restore_failed');
}

async function putInPlace(
  { client, server, names, target, oid, label, comment }: Build,
  connection: Connection,
  context: PostgresContext,
): Promise<RestoreReport> {
  const { lockTimeoutMs } = context;
  const former = await swap(connection, { target, names, buildOid: oid, label, comment }, context);
  const report = {
    tool: { name: client.name, version: client.version },
    serverVersion: server.version,
    database: target,
  };
  if (former === null)
    return { ...report, outcome: `Database "${target}" was created with the content of the backup.` };
  const whole = `Database "${target}" holds the content of the backup`;
  const signal = AbortSignal.timeout(cleanUpTimeoutMs);
  try {
    await withMaintenance(connection, { target, signal, lockTimeoutMs }, (maintenance) =>
      dropDatabase(maintenance, former, names.old),
    );
    return { ...report, outcome: `${whole}; its former content was dropped.` };
  } catch {
    return {
      ...report,
      outcome: `${whole}; its former content could not be dropped yet and is in database "${names.old}".`,
    };
  }
}

/** Drops what was built. What cannot be dropped now (the server is away) is dropped by `cleanUpRestore`. */
async function abandon(
  { target, names, oid }: Build,
  connection: Connection,
  { lockTimeoutMs }: PostgresContext,
): Promise<void> {
  const signal = AbortSignal.timeout(cleanUpTimeoutMs);
  await withMaintenance(connection, { target, signal, lockTimeoutMs }, async (maintenance) => {
    // A later attempt of the same restore may have put its own database there.
    const found = await readProperties(maintenance.session, names.build);
    if (found?.oid === oid) await dropDatabase(maintenance, oid, names.build);
  }).catch(() => undefined);
}
