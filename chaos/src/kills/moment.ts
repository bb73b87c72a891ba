import { fork, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { calm, contentOf } from '@holdfast/testing/engines';
import { until } from '@holdfast/testing/until';
import type { KillBed } from './bed.ts';
import type { Said, Work } from './work.ts';

/** `kill` ends the process, `terminate` its sessions on the server, `crash` the server itself, `none` nothing. */
export type Blow = 'kill' | 'terminate' | 'crash' | 'none';

export interface Moment {
  name: string;
  kind: Work['kind'];
  keepFormer: boolean;
  blow: Blow;
  /** Between the beginning of the work and the blow. */
  afterMs: number;
}

export interface Ending {
  /** Whether the database holds what it held before, or what the work was to bring. */
  content: 'old' | 'new';
  /** How long the work took, where nothing ended it; null where something did. */
  tookMs: number | null;
}

/** Ends one restore or undoing at one moment. @throws Error when anything is not as it has to be */
export async function strike(bed: KillBed, moment: Moment): Promise<Ending> {
  const { engine, connection } = bed;
  await bed.change(moment.name);
  const ids = { restoreId: randomUUID(), undoId: randomUUID() };
  const before = await contentOf(connection);
  if (moment.kind === 'undo') await restoreWhole(bed, ids.restoreId);
  const [old, wanted] = moment.kind === 'undo' ? [bed.archived, before] : [before, bed.archived];
  const alone = await bed.databases();

  const { said, tookMs } = await run(bed, moment, ids);
  await engine.cleanUpRestore(connection, moment.kind === 'undo' ? ids.undoId : ids.restoreId, calm());
  const now = (await contentOf(connection)).join('\n');
  const content = now === wanted.join('\n') ? 'new' : now === old.join('\n') ? 'old' : null;
  if (content === null) throw new Error('The database holds neither the old content nor the new one.');
  if (said && 'done' in said && content === 'old') throw new Error(`It said "${said.done}", but the content is old.`);

  const keeps = moment.keepFormer && moment.kind === 'restore' && content === 'new';
  const beside = (await bed.databases()).filter((name) => !alone.includes(name));
  if (beside.length !== (keeps ? 1 : 0)) throw new Error(`Left beside it: ${beside.join(', ')}.`);
  if (moment.kind === 'undo') await undoAgain(bed, ids, wanted);
  else await lookAgain(bed, moment, ids.restoreId, content);
  await engine.dropFormer(connection, ids.restoreId, calm());
  const left = (await bed.databases()).filter((name) => name.includes('_hf_'));
  if (left.length > 0) throw new Error(`Left after all: ${left.join(', ')}.`);
  return { content, tookMs: said && 'done' in said ? tookMs : null };
}

async function restoreWhole(bed: KillBed, restoreId: string): Promise<void> {
  const child = start(bed, { kind: 'restore', keepFormer: true }, { restoreId, undoId: '' });
  const { said } = await ended(child);
  if (!said || !('done' in said)) throw new Error(`The restore before failed: ${JSON.stringify(said)}`);
}

/** An undoing whose end nobody heard is done again, and must have been done once. */
async function undoAgain(
  { engine, connection }: KillBed,
  { restoreId, undoId }: { restoreId: string; undoId: string },
  wanted: readonly string[],
): Promise<void> {
  await engine.undoRestore(connection, restoreId, undoId, calm());
  await engine.undoRestore(connection, restoreId, undoId, calm());
  if ((await contentOf(connection)).join('\n') !== wanted.join('\n')) throw new Error('It was undone twice, or not.');
}

/** A restore whose end nobody heard is known again by what it keeps. */
async function lookAgain(
  { engine, connection }: KillBed,
  { keepFormer }: Moment,
  restoreId: string,
  content: Ending['content'],
): Promise<void> {
  const request = { target: { mode: 'in_place' }, ownership: 'keep', restoreId, keepFormer } as const;
  const found = await engine.findRestored(connection, request, calm());
  const isKnown = keepFormer && content === 'new';
  if ((found !== null) !== isKnown) throw new Error(`Asked whether it was done, it says ${JSON.stringify(found)}.`);
}

async function run(
  bed: KillBed,
  moment: Moment,
  ids: { restoreId: string; undoId: string },
): Promise<{ said: Said | null; tookMs: number }> {
  const child = start(bed, moment, ids);
  const end = ended(child);
  await once(child, 'message');
  const began = performance.now();
  if (moment.blow !== 'none') {
    await delay(moment.afterMs);
    await blows[moment.blow](bed, child);
  }
  const { said, at } = await end;
  return { said, tookMs: at - began };
}

const blows: Readonly<Record<Exclude<Blow, 'none'>, (bed: KillBed, child: ChildProcess) => Promise<unknown>>> = {
  kill: async (_bed, child) => child.kill('SIGKILL'),
  terminate: ({ server }) =>
    server.query(
      'postgres',
      `select pg_terminate_backend(pid) from pg_stat_activity
       where application_name ~ '^(holdfast|pg_restore)' and pid <> pg_backend_pid()`,
    ),
  crash: async ({ server, connection }) => {
    await server.kill();
    await server.restart();
    await until('the server answers', 30, () => server.query(connection.database, 'select').catch(() => null));
  },
};

function start(
  { connection, archive, expected }: KillBed,
  { kind, keepFormer }: Pick<Moment, 'kind' | 'keepFormer'>,
  ids: { restoreId: string; undoId: string },
): ChildProcess {
  const child = fork(join(import.meta.dirname, 'child.ts'), { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const { host, port, user, password, database } = connection;
  const reach = { host, port, user, database, password: password?.reveal() ?? '' };
  const work: Work = { connection: reach, kind, keepFormer, archive, expected, ...ids };
  child.send(work);
  return child;
}

/** @returns what it said last, null when it could not, and when that was */
async function ended(child: ChildProcess): Promise<{ said: Said | null; at: number }> {
  const last: { said: Said | null; at: number } = { said: null, at: 0 };
  child.on('message', (said: Said) => {
    last.said = 'begun' in said ? null : said;
    last.at = performance.now();
  });
  await once(child, 'exit');
  return last;
}
