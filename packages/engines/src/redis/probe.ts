import type { Connection, ProbeReport } from '@holdfast/shared/domain';
import type { Client } from './clients.ts';
import type { RedisContext } from './context.ts';
import type { ServerLook } from './look.ts';
import { findPlaces, type Found } from './places.ts';
import { withSession, type Session } from './session.ts';

/** What a look before a dump has found. */
export interface Survey extends Found {
  client: Client;
  /** What a dump needs and the user may not, each as a sentence with the rule that helps. */
  missingPrivileges: string[];
  warnings: string[];
}

export async function survey(connection: Connection, context: RedisContext): Promise<Survey> {
  return withSession(connection, context, async (session) => {
    const found = await findPlaces(session, connection);
    const client = await context.clients.choose(found.look, context.signal);
    const missingPrivileges = await missingRules(session, connection, found.look);
    return { ...found, client, missingPrivileges, warnings: await warnings(session, found.look) };
  });
}

export async function probe(connection: Connection, context: RedisContext): Promise<ProbeReport> {
  const { look, places, client, missingPrivileges, warnings } = await survey(connection, context);
  return {
    serverVersion: look.shownVersion,
    sizeBytes: look.usedMemory,
    tables: places.reduce((sum, { number }) => sum + (look.keys.get(number) ?? 0), 0),
    missingPrivileges,
    ...(warnings.length > 0 && { warnings }),
    tool: { name: client.name, version: client.version },
  };
}

/**
 * Asks the server whether the user may do what a dump does, as far as it answers that: servers before 7 do not, nor does one that
 * the user may not ask. Then the dump itself tells.
 */
async function missingRules(session: Session, { user }: Connection, { product }: ServerLook): Promise<string[]> {
  const name = user === '' ? 'default' : user;
  const offered = await session.call('COMMAND', 'INFO', 'sync').catch(() => null);
  if (Array.isArray(offered) && !Array.isArray(offered[0])) {
    const title = product === 'valkey' ? 'Valkey' : 'Redis';
    return [
      `The server does not offer the command SYNC, by which ${title} gives all that it holds; managed services often take it away. Use their own snapshots, or a server that offers it.`,
    ];
  }
  const missing: string[] = [];
  for (const command of ['sync', 'replconf']) {
    const args = command === 'replconf' ? [command, 'capa', 'eof'] : [command];
    const answer = await session.call('ACL', 'DRYRUN', name, ...args).catch(() => 'OK');
    if (answer === 'OK') continue;
    missing.push(`The user may not ask for a dump (${command.toUpperCase()}): ACL SETUSER ${name} +${command}`);
  }
  return missing;
}

async function warnings(session: Session, look: ServerLook): Promise<string[]> {
  const found: string[] = [];
  if (look.isReplica)
    found.push('The server is a replica: a dump holds what had come from its primary by then, which may be less.');
  const setting = await session.call('CONFIG', 'GET', 'rdbchecksum').catch(() => null);
  if (Array.isArray(setting) && setting[1] === 'no') {
    found.push(
      'The server makes no checksums (rdbchecksum no), so damage on the way from it would not be seen: set rdbchecksum yes.',
    );
  }
  return found;
}
