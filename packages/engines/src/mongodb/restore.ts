import type { Readable } from 'node:stream';
import {
  HoldfastError,
  type Connection,
  type EngineContext,
  type RestoreReport,
  type RestoreRequest,
} from '@holdfast/shared/domain';
import { peekPrelude } from './archive/check.ts';
import { ArchiveFault } from './archive/blocks.ts';
import type { Prelude } from './archive/prelude.ts';
import { abandon, settle } from './clean-up.ts';
import type { Client, MongodbClients } from './clients.ts';
import { checkContent } from './check-content.ts';
import { contentSetOf } from './content-set.ts';
import { exchange } from './exchange.ts';
import { failure } from './failures.ts';
import { fill } from './fill.ts';
import { beginJournal, journalOf, type ContentSet, type OpenJournal } from './journal.ts';
import { refuseLongNames, restoreNames, wholeServer } from './names.ts';
import { refuseRouter, withSession, type Session } from './session.ts';
import { restoreWhole } from './whole.ts';

/** From its first step on an exchange is done or taken back, whoever wants what. */
const exchangeMs = 300_000;

/** Restores into collections beside the target's own, which take their names when they are whole. */
export async function restore(
  clients: MongodbClients,
  connection: Connection,
  request: RestoreRequest,
  input: Readable,
  { signal }: EngineContext,
): Promise<RestoreReport> {
  // The input may fail while the server is looked at; whoever reads it next gets the error.
  input.on('error', () => undefined);
  try {
    if (request.selection) {
      throw new HoldfastError('configuration', 'A part of a backup of MongoDB cannot be restored, only the whole.');
    }
    const prelude = await preludeOf(input);
    if (connection.database === wholeServer) {
      return await restoreWhole(clients, connection, request, prelude, input, { signal });
    }
    refuseOthers(prelude, connection);
    return await restoreOne(clients, connection, request, prelude, input, signal);
  } catch (error) {
    input.destroy();
    throw signal.aborted ? signal.reason : error;
  }
}

async function preludeOf(input: Readable): Promise<Prelude> {
  try {
    return await peekPrelude(input);
  } catch (error) {
    if (!(error instanceof ArchiveFault)) throw error;
    throw new HoldfastError('integrity', `The dump is no archive of mongodump: ${error.message}.`);
  }
}

/** @throws HoldfastError configuration, for what cannot be brought into one database, or not under names beside it */
function refuseOthers({ announced }: Prelude, connection: Connection): void {
  const databases = new Set(announced.map(({ database }) => database));
  if (databases.size > 1) {
    const how = `restore it by a registered database whose name is "${wholeServer}"`;
    throw failure('configuration', `the backup is one of a whole server: ${how}`, connection, undefined);
  }
  const series = announced.find(({ type }) => type === 'timeseries');
  if (series) {
    const why = `collection "${series.collection}" is a time series, which MongoDB cannot rename`;
    throw failure('configuration', `${why}. Download the dump and restore it by mongorestore`, connection, undefined);
  }
}

async function restoreOne(
  clients: MongodbClients,
  connection: Connection,
  request: RestoreRequest,
  prelude: Prelude,
  input: Readable,
  signal: AbortSignal,
): Promise<RestoreReport> {
  const target = request.target.mode === 'in_place' ? connection.database : request.target.database;
  const names = restoreNames(request.restoreId);
  refuseLongNames(
    target,
    prelude.announced.map(({ collection }) => collection),
    names,
  );
  const within = { ...connection, database: target };
  const begun = await withSession(within, { signal, fallback: 'restore_failed' }, (session) =>
    begin(clients, session, within, request, signal),
  );
  try {
    await fill(begun.client, within, [`--nsFrom=$db$.$c$`, `--nsTo=${target}.${names.incoming}$c$`], input, signal);
    return await withSession(within, { signal, fallback: 'restore_failed' }, async ({ db, server }) => {
      if (request.expected) await checkContent(db, server.version, request.expected, names.incoming, signal);
      const outcome = await putInPlace(within, request, signal);
      return {
        tool: { name: begun.client.name, version: begun.client.version },
        serverVersion: server.version,
        ...outcome,
      };
    });
  } catch (error) {
    await abandon(within, request.restoreId);
    throw error;
  }
}

async function begin(
  clients: MongodbClients,
  session: Session,
  connection: Connection,
  { target, restoreId, keepFormer = false }: RestoreRequest,
  signal: AbortSignal,
): Promise<{ client: Client }> {
  const { db, server } = session;
  refuseRouter(server, connection);
  const client = await clients.choose('mongorestore', server.version, signal);
  const isKept = await settle(db, restoreId, connection);
  if (isKept) throw failure('restore_failed', 'this restore is in place already', connection, undefined);
  const isNew = target.mode === 'new_database';
  if (isNew) await refuseExisting(db, connection);
  const none: ContentSet = { collections: [], views: [] };
  await beginJournal(db, {
    restoreId,
    isNew,
    keepFormer: keepFormer && !isNew,
    state: 'building',
    inPlace: 'former',
    by: restoreId,
    undoneBy: [],
    incoming: none,
    former: none,
  });
  return { client };
}

async function refuseExisting(db: Session['db'], connection: Connection): Promise<void> {
  const listed = await db.listCollections({}, { nameOnly: true }).toArray();
  if (listed.length === 0) return;
  throw failure('restore_target_exists', `"${connection.database}" exists`, connection, undefined);
}

async function putInPlace(
  connection: Connection,
  { restoreId }: RestoreRequest,
  stop: AbortSignal,
): Promise<Pick<RestoreReport, 'database' | 'outcome' | 'former'>> {
  const { database } = connection;
  const signal = AbortSignal.timeout(exchangeMs);
  return withSession(connection, { signal, fallback: 'restore_failed' }, async ({ db }) => {
    const open = await readyJournal(db, restoreId, connection);
    const { isNew, keepFormer, former } = open.journal;
    const isOccupied = former.collections.length + former.views.length > 0;
    if (isNew && isOccupied) throw failure('restore_target_exists', `"${database}" exists`, connection, undefined);
    await exchange(open, { ...open.journal, inPlace: 'incoming' }, connection, stop);
    if (isNew) return { database, outcome: `Database "${database}" was created with the content of the backup.` };
    const whole = `Database "${database}" holds the content of the backup`;
    if (keepFormer) {
      const kept = keptLabel(database, restoreId);
      return { database, former: kept, outcome: `${whole}; its former content is kept in ${kept}.` };
    }
    const dropped = await settle(db, restoreId, connection).then(
      () => 'was dropped',
      () => 'could not be dropped yet and is kept beside it',
    );
    return { database, outcome: `${whole}; its former content ${dropped}.` };
  });
}

/** How former content is named to people: it is in collections of the same database. */
export const keptLabel = (database: string, restoreId: string): string =>
  `${database}.${restoreNames(restoreId).former}*`;

/** The restore's journal, with what is to be exchanged; the views that were restored beside have done their duty. */
async function readyJournal(db: Session['db'], restoreId: string, connection: Connection): Promise<OpenJournal> {
  const open = await journalOf(db, restoreId);
  if (open?.journal.state !== 'building') {
    throw failure('restore_failed', 'another attempt has taken it over', connection, undefined);
  }
  const { incoming: prefix } = restoreNames(restoreId);
  const incoming = await contentSetOf(db, prefix);
  for (const { name } of incoming.views) await db.dropCollection(prefix + name);
  return { ...open, journal: { ...open.journal, incoming, former: await contentSetOf(db, '') } };
}
