import {
  HoldfastError,
  type Connection,
  type PreflightFinding,
  type RestoreRequest,
  type RestoreSubject,
} from '@holdfast/shared/domain';
import { noSpareReason, spareNumbers } from './claim.ts';
import type { RedisContext } from './context.ts';
import { lookAtServer } from './places.ts';
import { planRestore } from './plan.ts';
import { withSession, type Session } from './session.ts';
import { versionFindings } from './versions.ts';
import type { ServerLook } from './look.ts';

const order: readonly PreflightFinding['severity'][] = ['blocker', 'warning', 'note'];
const finding = (severity: PreflightFinding['severity'], code: string, message: string): PreflightFinding => ({
  severity,
  code,
  message,
});

/** Looks whether a restore could succeed and what it would do, the worst first, and changes nothing. */
export async function preflight(
  connection: Connection,
  request: RestoreRequest,
  subject: RestoreSubject,
  context: RedisContext,
): Promise<PreflightFinding[]> {
  return withSession(connection, context, async (session) => {
    const { look } = await lookAtServer(session, connection);
    const findings = [
      ...(await target(session, connection, request)),
      ...versionFindings(look, subject),
      ...memory(look, subject),
      ...(await rights(session, connection)),
      ...(await clients(session, connection, request)),
    ];
    return findings.sort((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity));
  });
}

async function target(session: Session, connection: Connection, request: RestoreRequest): Promise<PreflightFinding[]> {
  try {
    const { number } = await planRestore(session, connection, request);
    const spares = await spareNumbers(session, new Set(number === null ? [] : [number]));
    if (spares.length === 0) return [finding('blocker', 'target', `Nothing can be restored: ${noSpareReason}.`)];
    const kept = request.keepFormer ? ' and, with the former content kept, until that is dropped' : '';
    const message = `The content is built in a database of its own, of which the server has ${spares.length} left. It takes memory beside the present content until the restore ends${kept}.`;
    return [finding('note', 'space', message)];
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    return [finding('blocker', 'target', error.message)];
  }
}

function memory(
  { usedMemory, maxMemory, maxMemoryPolicy }: ServerLook,
  { plainBytes }: RestoreSubject,
): PreflightFinding[] {
  if (maxMemory === 0) return [];
  const findings: PreflightFinding[] = [];
  if (plainBytes !== null && usedMemory + plainBytes > maxMemory) {
    const message = `The server may use ${maxMemory} bytes (maxmemory) and uses ${usedMemory}; the backup has ${plainBytes} and takes more in memory: raise maxmemory, or the restore ends and changes nothing.`;
    findings.push(finding('warning', 'space', message));
  }
  if (maxMemoryPolicy.startsWith('volatile')) {
    const message = `The server takes keys that expire away when its memory is full (maxmemory-policy ${maxMemoryPolicy}). Does it so during the restore, that ends and changes nothing; it may do so to former content that is kept.`;
    findings.push(finding('warning', 'space', message));
  }
  return findings;
}

const commands: readonly (readonly string[])[] = [
  ['restore', 'key', '0', 'value'],
  ['swapdb', '0', '1'],
  ['flushdb'],
  ['multi'],
  ['watch', 'key'],
];

async function rights(session: Session, { user }: Connection): Promise<PreflightFinding[]> {
  const name = user === '' ? 'default' : user;
  const findings: PreflightFinding[] = [];
  for (const [command = '', ...args] of commands) {
    const answer = await session.call('ACL', 'DRYRUN', name, command, ...args).catch(() => 'OK');
    if (answer === 'OK') continue;
    const message = `The user may not do what a restore does (${command.toUpperCase()}): ACL SETUSER ${name} ~* +${command}`;
    findings.push(finding('blocker', 'privilege', message));
  }
  return findings;
}

/** Who is connected goes on in the new content, without noticing. */
async function clients(
  session: Session,
  { database }: Connection,
  { target: { mode } }: RestoreRequest,
): Promise<PreflightFinding[]> {
  if (mode !== 'in_place') return [];
  const listed = await session.call('CLIENT', 'LIST', 'TYPE', 'normal').catch(() => null);
  if (typeof listed !== 'string') return [];
  const own = String(await session.call('CLIENT', 'ID').catch(() => ''));
  const others = listed
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith(`id=${own} `))
    .filter((line) => database === 'all' || line.includes(` db=${database} `));
  if (others.length === 0) return [];
  const message = `${others.length} clients are connected to the target. They stay connected and see the new content at once; what they have in their own memory is of the former.`;
  return [finding('warning', 'connections', message)];
}
