import { partialInPlace, type PreflightFinding } from '@holdfast/shared/domain';
import { longestName } from './names.ts';
import { finding, inBytes, type Look } from './preflight-look.ts';
import { missingGrants } from './prepare.ts';
import { restoreNeedsServer } from './pooler.ts';
import { partInPlace } from './selection.ts';
import { restoreNeedsPrimary } from './standby.ts';

const fewConnections = 5;

/** Whether the target can be made, and what it takes. */
export async function targetFindings(look: Look): Promise<PreflightFinding[]> {
  const { session, connection, request, registered } = look;
  const isInPlace = request.target.mode === 'in_place';
  const grants = await missingGrants(session, connection, isInPlace ? registered : null);
  return [
    ...names(look),
    ...grants.map((grant) => finding('blocker', 'privilege', grant)),
    ...(await server(look)),
    await space(look),
  ];
}

function names({ request, name, registered, present, connection }: Look): PreflightFinding[] {
  const isInPlace = request.target.mode === 'in_place';
  const findings: PreflightFinding[] = [];
  if (isInPlace && request.part) findings.push(finding('blocker', 'target', partialInPlace(request.part)));
  if (isInPlace && request.selection) findings.push(finding('blocker', 'target', partInPlace));
  if (!isInPlace && Buffer.byteLength(name) > longestName) {
    const message = `"${name}" is longer than the ${longestName} bytes that PostgreSQL keeps of a name: choose a shorter one.`;
    findings.push(finding('blocker', 'target', message));
  }
  if (!isInPlace && present) {
    findings.push(finding('blocker', 'target', `Database "${name}" exists: choose another name, or drop it.`));
  }
  if (!registered) {
    const made = isInPlace ? `It is made anew` : `"${name}" is made`;
    const message = `Database "${connection.database}" is not on the server. ${made} with the encoding, locale and settings of the backup, as far as the server has them.`;
    findings.push(finding('warning', 'target', message));
  }
  return findings;
}

const asSentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

async function server({ session }: Look): Promise<PreflightFinding[]> {
  const [row] = await session.query<{ standby: boolean; free: number }>(
    `select pg_is_in_recovery() as standby, current_setting('max_connections')::int
       - current_setting('superuser_reserved_connections')::int
       - (select count(*)::int from pg_stat_activity where coalesce(backend_type, 'client backend') = 'client backend') as free`,
  );
  const findings: PreflightFinding[] = [];
  if (row?.standby) findings.push(finding('blocker', 'target', asSentence(restoreNeedsPrimary)));
  if (session.isPooled) findings.push(finding('blocker', 'target', asSentence(restoreNeedsServer)));
  if (row && row.free < fewConnections) {
    const message = `The server has ${Math.max(0, row.free)} connections left; a restore needs up to ${fewConnections}: close some, or raise max_connections.`;
    findings.push(finding('warning', 'connections', message));
  }
  return findings;
}

/** A server does not tell how much room its disks have. */
async function space({ session, request, subject: { plainBytes }, present }: Look): Promise<PreflightFinding> {
  const [row] = await session
    .query<{ size: string }>('select pg_database_size($1::oid) as size', [present?.oid ?? 0])
    .catch(() => []);
  const size = Number(row?.size ?? 0);
  const dump = plainBytes === null ? 'The size of the dump is not known' : `The dump has ${inBytes(plainBytes)}`;
  const built = `${dump}; the database takes that and its indexes`;
  const look = 'The server does not tell how much room its disks have: look there.';
  if (request.target.mode !== 'in_place' || size === 0) return finding('note', 'space', `${built}. ${look}`);
  const until = request.keepFormer ? 'until the former content is dropped' : 'until the end';
  const message = `${built}, beside the ${inBytes(size)} of the present content ${until}. ${look}`;
  return finding('note', 'space', message);
}
