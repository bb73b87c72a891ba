import { pipeline } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { Connection } from '@holdfast/shared/domain';
import { codeOf, defaultsOf, hasCode, type CodeNames } from './catalog.ts';
import { unbound } from './code.ts';
import type { MysqlContext } from './context.ts';
import { startDump } from './dump-program.ts';
import type { Surroundings } from './journal.ts';
import type { Session } from './session.ts';
import { ArchiveSplitter } from './split.ts';

/** A view that is broken, as it refers to what was dropped, must not keep the database from being restored. */
const codeAlone = ['--no-data', '--force'];

/** What a database is beside its tables, as the dump program writes it; null for one that does not exist. */
export async function captureSurroundings(
  session: Session,
  connection: Connection,
  database: string,
  context: MysqlContext,
): Promise<(Surroundings & { names: CodeNames }) | null> {
  const { clients, flavour, signal } = context;
  const defaults = await defaultsOf(session, database);
  if (!defaults) return null;
  const names = await codeOf(session, database);
  if (!hasCode(names)) return { defaults, names, code: { head: '', triggers: '', code: '' } };
  const client = await clients.choose(flavour, 'dump', session.server, signal);
  const dump = await startDump(client, { ...connection, database }, defaults, context, codeAlone);
  const splitter = new ArchiveSplitter(flavour);
  pipeline(dump, splitter, () => undefined);
  splitter.resume();
  await finished(splitter);
  return { defaults, names, code: unbound(splitter.code) };
}
