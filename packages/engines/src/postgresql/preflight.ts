import {
  HoldfastError,
  type Connection,
  type PreflightFinding,
  type RestoreRequest,
  type RestoreSubject,
} from '@holdfast/shared/domain';
import type { Clients } from './clients.ts';
import type { PostgresContext } from './context.ts';
import { withMaintenance } from './maintenance.ts';
import { contentFindings } from './preflight-content.ts';
import type { Look } from './preflight-look.ts';
import { replacementFindings } from './preflight-replacement.ts';
import { targetFindings } from './preflight-target.ts';
import { readProperties } from './properties.ts';
import { chooseRestoreClients } from './restore-clients.ts';

const order: readonly PreflightFinding['severity'][] = ['blocker', 'warning', 'note'];

/** Looks whether a restore could succeed and what it would do, the worst first, and changes nothing. */
export async function preflight(
  clients: Clients,
  connection: Connection,
  request: RestoreRequest,
  subject: RestoreSubject,
  context: PostgresContext,
): Promise<PreflightFinding[]> {
  const { target } = request;
  const name = target.mode === 'in_place' ? connection.database : target.database;
  return withMaintenance(connection, { ...context, target: name }, async ({ session }) => {
    const registered = await readProperties(session, connection.database);
    const present = name === connection.database ? registered : await readProperties(session, name);
    const look: Look = { session, connection, request, subject, name, registered, present, context };
    const findings = [
      ...(await versionFindings(clients, look)),
      ...(await targetFindings(look)),
      ...(await contentFindings(look)),
      ...(target.mode === 'in_place' && present ? await replacementFindings(look, present) : []),
    ];
    return findings.sort((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity));
  });
}

async function versionFindings(
  clients: Clients,
  { session: { server }, subject: { serverVersion, tool }, context }: Look,
): Promise<PreflightFinding[]> {
  const findings: PreflightFinding[] = [];
  const archiveMajor = Number.parseInt(tool.version, 10);
  try {
    await chooseRestoreClients(clients, server, archiveMajor, context.signal);
  } catch (error) {
    if (context.signal.aborted || !(error instanceof HoldfastError)) throw error;
    findings.push({ severity: 'blocker', code: 'version', message: error.message });
  }
  const from = Number.parseInt(serverVersion, 10);
  const versions = `The backup is of PostgreSQL ${serverVersion}, this server is ${server.version}`;
  if (server.major < from) {
    const message = `${versions}: what only the newer one knows ends the restore, which then changes nothing. Restore into a new database first to see, or into a server of ${from} or later.`;
    findings.push({ severity: 'warning', code: 'version', message });
  }
  if (server.major > from) {
    const message = `${versions}: read the release notes of ${from + 1} to ${server.major} for what your programs have to change.`;
    findings.push({ severity: 'note', code: 'version', message });
  }
  return findings;
}
