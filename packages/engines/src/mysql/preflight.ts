import {
  HoldfastError,
  type Connection,
  type PreflightFinding,
  type RestoreRequest,
  type RestoreSubject,
} from '@holdfast/shared/domain';
import { defaultsOf } from './catalog.ts';
import type { MysqlContext } from './context.ts';
import { readGrants } from './grants.ts';
import { missingForRestore, referringTables, referringText } from './prepare.ts';
import { withSession, type Session } from './session.ts';

interface Look {
  session: Session;
  connection: Connection;
  request: RestoreRequest;
  subject: RestoreSubject;
  context: MysqlContext;
  /** The database that is made or replaced, and whether it is there. */
  name: string;
  isThere: boolean;
}

const order: readonly PreflightFinding['severity'][] = ['blocker', 'warning', 'note'];

/** Looks whether a restore could succeed and what it would do, the worst first, and changes nothing. */
export async function preflight(
  connection: Connection,
  request: RestoreRequest,
  subject: RestoreSubject,
  context: MysqlContext,
): Promise<PreflightFinding[]> {
  return withSession(connection, { ...context, database: null, fallback: 'restore_failed' }, async (session) => {
    const name = request.target.mode === 'in_place' ? connection.database : request.target.database;
    const isThere = (await defaultsOf(session, name)) !== null;
    const look: Look = { session, connection, request, subject, context, name, isThere };
    const findings = [
      ...(await versionFindings(look)),
      ...(await targetFindings(look)),
      ...(await makingFindings(look)),
      ...(request.target.mode === 'in_place' && isThere ? await replacementFindings(look) : []),
    ];
    return findings.sort((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity));
  });
}

async function versionFindings({ session, subject, context }: Look): Promise<PreflightFinding[]> {
  const { clients, flavour, signal } = context;
  const { server } = session;
  const findings: PreflightFinding[] = [];
  for (const kind of ['client', 'dump'] as const) {
    try {
      await clients.choose(flavour, kind, server, signal);
    } catch (error) {
      if (signal.aborted || !(error instanceof HoldfastError)) throw error;
      findings.push({ severity: 'blocker', code: 'version', message: error.message });
    }
  }
  const [major = 0, minor = 0] = subject.serverVersion.split('.').map((part) => Number.parseInt(part, 10));
  const versions = `The backup is of ${flavour.product} ${subject.serverVersion}, this server is ${server.version}`;
  if (server.major < major || (server.major === major && server.minor < minor)) {
    const message = `${versions}: what only the newer one knows ends the restore, which then changes nothing. Restore into a new database first to see.`;
    findings.push({ severity: 'warning', code: 'version', message });
  } else if (server.major > major) {
    const message = `${versions}: read the release notes in between for what your programs have to change.`;
    findings.push({ severity: 'note', code: 'version', message });
  }
  return findings;
}

async function targetFindings({ session, request, name, isThere }: Look): Promise<PreflightFinding[]> {
  const findings: PreflightFinding[] = [];
  const blocker = (code: string, message: string): void => void findings.push({ severity: 'blocker', code, message });
  if (request.selection) blocker('target', 'A part of this kind of backup cannot be restored: restore all of it.');
  if (request.target.mode === 'new_database' && isThere)
    blocker('target', `A database "${name}" is on the server already: choose another name.`);
  if (request.target.mode === 'in_place' && !isThere) {
    const message = `There is no database "${name}" on the server: it will be made.`;
    findings.push({ severity: 'warning', code: 'target', message });
  }
  const missing = await missingForRestore(session, name, request.restoreId);
  if (missing !== null) blocker('privilege', missing);
  return findings;
}

/** What may keep views, triggers, routines and events from being made, which are known when the archive is read. */
async function makingFindings({ session, request, connection }: Look): Promise<PreflightFinding[]> {
  const findings: PreflightFinding[] = [];
  const grants = await readGrants(session);
  const mayAll = grants.hasEverywhere('SUPER');
  const mayName = mayAll || ['SET_ANY_DEFINER', 'SET_USER_ID', 'SET USER'].some((one) => grants.hasEverywhere(one));
  const isStripped = request.ownership === 'skip' || connection.options.definers === 'strip';
  if (!mayName && !isStripped) {
    const message = `The user may not make views, triggers, routines and events that act for others: where the backup has some, the restore ends and changes nothing. Restore with ownership "skip", or GRANT SET_ANY_DEFINER (MySQL) or SET USER (MariaDB) ON *.* TO ${grants.user};`;
    findings.push({ severity: 'warning', code: 'owner', message });
  }
  const [row] = await session.query<{ log: number; trusts: number }>(
    'SELECT @@log_bin AS `log`, @@log_bin_trust_function_creators AS trusts',
  );
  if (Number(row?.log) === 1 && Number(row?.trusts) === 0 && !mayAll) {
    const message =
      'The server writes a binary log and lets nobody but SUPER make functions and triggers: SET GLOBAL log_bin_trust_function_creators = 1;';
    findings.push({ severity: 'warning', code: 'privilege', message });
  }
  return findings;
}

async function replacementFindings({ session, subject, request, context, name }: Look): Promise<PreflightFinding[]> {
  const findings: PreflightFinding[] = [];
  const { flavour } = context;
  const referring = await referringTables(session, name);
  if (referring.length > 0)
    findings.push({
      severity: 'blocker',
      code: 'target',
      message: `The restore is refused: ${referringText(referring)}.`,
    });
  const [major, minor] = flavour.atomicSince;
  const { server } = session;
  if (server.major < major || (server.major === major && server.minor < minor)) {
    const message = `${flavour.product} ${server.version} moves tables one by one: a crash of the server in that moment would leave some of the old and some of the new in place. From ${major}.${minor} on they are moved as a whole.`;
    findings.push({ severity: 'warning', code: 'version', message });
  }
  const sessions = await session.query<{ user: string }>(
    'SELECT user FROM information_schema.processlist WHERE db = ? AND id <> CONNECTION_ID()',
    [name],
  );
  if (sessions.length > 0) {
    const who = [...new Set(sessions.map(({ user }) => user))].sort().join(', ');
    const message = `${sessions.length} sessions use the database (${who}): they stay connected, an open transaction makes the restore wait, and what they write until it is in place goes with the former content.`;
    findings.push({ severity: 'warning', code: 'connections', message });
  }
  const [size] = await session.query<{ bytes: string | number | null }>(
    'SELECT SUM(data_length + index_length) AS bytes FROM information_schema.tables WHERE table_schema = ?',
    [name],
  );
  const dump = subject.plainBytes === null ? 'of unknown size' : `of ${subject.plainBytes} bytes`;
  const kept = request.keepFormer ? 'which stays until the former content is dropped' : 'which is dropped at the end';
  const message = `The dump is ${dump}, what is there now takes ${Number(size?.bytes ?? 0)} bytes, ${kept}. The server does not tell how much room it has.`;
  findings.push({ severity: 'note', code: 'space', message });
  return findings;
}
