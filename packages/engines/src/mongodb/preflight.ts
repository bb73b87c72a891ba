import {
  HoldfastError,
  type Connection,
  type EngineContext,
  type PreflightFinding,
  type RestoreRequest,
  type RestoreSubject,
} from '@holdfast/shared/domain';
import type { MongodbClients } from './clients.ts';
import { journalsIn } from './journal.ts';
import { wholeServer } from './names.ts';
import { missingPrivileges, restoreNeeds } from './privileges.ts';
import { listDatabases, withSession, type Session } from './session.ts';

const order: readonly PreflightFinding['severity'][] = ['blocker', 'warning', 'note'];

/** Looks whether a restore could succeed and what it would do, the worst first, and changes nothing. */
export async function preflight(
  clients: MongodbClients,
  connection: Connection,
  request: RestoreRequest,
  subject: RestoreSubject,
  { signal }: EngineContext,
): Promise<PreflightFinding[]> {
  const name = request.target.mode === 'in_place' ? connection.database : request.target.database;
  const within = { ...connection, database: name };
  return withSession(within, { signal, fallback: 'restore_failed' }, async (session) => {
    const findings = [
      ...serverFindings(session),
      ...(await versionFindings(clients, session, subject, signal)),
      ...(name === wholeServer ? await wholeFindings(session) : await targetFindings(session, within, request)),
    ];
    return findings.sort((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity));
  });
}

function serverFindings({ server }: Session): PreflightFinding[] {
  if (server.isRouter) {
    const message = 'The server is a router of a sharded cluster (mongos): Holdfast does not restore through one.';
    return [{ severity: 'blocker', code: 'target', message }];
  }
  if (server.isWritable) return [];
  const message = 'The server takes no writes: it is no primary of its replica set. Register the primary.';
  return [{ severity: 'blocker', code: 'target', message }];
}

async function versionFindings(
  clients: MongodbClients,
  { server }: Session,
  { serverVersion }: RestoreSubject,
  signal: AbortSignal,
): Promise<PreflightFinding[]> {
  const findings: PreflightFinding[] = [];
  try {
    await clients.choose('mongorestore', server.version, signal);
  } catch (error) {
    if (signal.aborted || !(error instanceof HoldfastError)) throw error;
    findings.push({ severity: 'blocker', code: 'version', message: error.message });
  }
  const [from, to] = [serverVersion, server.version].map((version) => Number.parseInt(version, 10));
  if (from !== to) {
    const message = `The backup is of MongoDB ${serverVersion}, this server is ${server.version}: mongorestore is made for servers of one major version, so restore into a new database first to see.`;
    findings.push({ severity: 'warning', code: 'version', message });
  }
  return findings;
}

async function targetFindings(
  session: Session,
  connection: Connection,
  { target, selection }: RestoreRequest,
): Promise<PreflightFinding[]> {
  const { database } = connection;
  const findings: PreflightFinding[] = [];
  if (selection) {
    const message = 'A part of a backup of MongoDB cannot be restored, only the whole.';
    findings.push({ severity: 'blocker', code: 'target', message });
  }
  const isThere = (await listDatabases(session)).some(({ name }) => name === database);
  if (target.mode === 'new_database' && isThere) {
    const message = `Database "${database}" exists on the server: choose another name.`;
    findings.push({ severity: 'blocker', code: 'target', message });
  }
  if (target.mode === 'in_place' && isThere) {
    const message = `The collections of "${database}" are exchanged one after another, each in one step: for that moment clients may see some of the backup and some of the former content, and what they write then may be lost. Stop them, or point them at a new database instead.`;
    findings.push({ severity: 'warning', code: 'connections', message });
  }
  for (const { journal } of await journalsIn(session.db)) {
    const message = `Database "${database}" keeps beside its own collections those of restore ${journal.restoreId}, which take space.`;
    findings.push({ severity: 'note', code: 'target', message });
  }
  const missing = await missingPrivileges(session, connection, restoreNeeds(database));
  return [...findings, ...missing.map((message) => ({ severity: 'blocker', code: 'privilege', message }) as const)];
}

async function wholeFindings(session: Session): Promise<PreflightFinding[]> {
  const present = await listDatabases(session);
  if (present.length === 0) return [];
  const names = present.map(({ name }) => `"${name}"`).join(', ');
  const message = `A whole server is restored only into one without databases; this one holds ${names}.`;
  return [{ severity: 'blocker', code: 'target', message }];
}
