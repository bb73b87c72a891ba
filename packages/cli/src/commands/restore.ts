import type { Body, HoldfastClient } from '@holdfast/client';
import type { Argv } from 'yargs';
import type { Commands } from '../command.ts';
import type { Context, Globals } from '../context.ts';
import { exits, usageError, type Exit } from '../exits.ts';
import { findBackup, findDatabase } from '../find.ts';
import { follow } from '../follow.ts';
import { durationText, timeText } from '../output/figures.ts';
import { damagedWayOn, inOurWords } from '../refusals.ts';
import { listOption } from '../repeated.ts';
import type { Backup, Database, Restore } from '../views.ts';

type Asked = Body<'/api/databases/{db}/backups/{id}/restore', 'post'>;

interface Target {
  database: string;
  restore: string;
}

const fields = <T>(command: Argv<T>) =>
  command
    .positional('backup', { type: 'string', demandOption: true, describe: 'Its id, or latest:NAME of a database' })
    .option('to', { type: 'string', describe: 'The new database beside the old one; NAME_restored when absent' })
    .option('onto', { type: 'string', describe: 'Another registered database, whose content is replaced' })
    .option('in-place', { type: 'boolean', describe: 'Replaces the content of the database itself' })
    .conflicts({ to: ['onto', 'in-place'], onto: 'in-place' })
    .option('schema', listOption({ type: 'string', describe: 'Only this, a plain name such as billing; with --to' }))
    .option(
      'table',
      listOption({
        type: 'string',
        describe: `Only this, as SQL writes it: public.orders or '"My schema"."My table"'; with --to`,
      }),
    )
    .option('ownership', { choices: ['keep', 'skip'] as const, describe: 'Owners and privileges as they were, or not' })
    .option('keep-hours', { type: 'number', describe: 'How long the former content is kept' })
    .option('allow-damaged', { type: 'boolean', describe: 'Tries a backup that was found damaged' })
    .option('preflight', { type: 'boolean', describe: 'Only looks whether it could succeed; exit code 1 when not' })
    .option('wait', { type: 'boolean', describe: 'Follows it to its end; exit code 1 when it fails' })
    .option('yes', { type: 'boolean', describe: 'Replaces content without asking' });

type Fields = ReturnType<typeof fields<Globals>> extends Argv<infer Given> ? Given : never;

const target = <T>(command: Argv<T>) =>
  command
    .positional('database', { type: 'string', demandOption: true, describe: 'Of the backup, or the one restored onto' })
    .positional('restore', { type: 'string', demandOption: true, describe: 'Id of the restore' });
const waiting = <T>(command: Argv<T>) =>
  target(command).option('wait', { type: 'boolean', describe: 'Follows it to its end' });

export const restoreCommands: Commands = (program, run) =>
  program
    .command(
      'restore <backup>',
      'Restores a backup, beside the database unless told otherwise',
      (each) => fields(each),
      run(restore),
    )
    .command('restores', 'The restores that were asked for', (command) =>
      command
        .command(
          'list <database>',
          'Lists those of its backups and those onto it, newest first',
          (each) => each.positional('database', { type: 'string', demandOption: true, describe: 'Its name or id' }),
          run(list),
        )
        .command('show <database> <restore>', 'Shows one', waiting, run(show))
        .command('cancel <database> <restore>', 'Ends one that waits or runs', target, run(cancel))
        .command(
          'undo <database> <restore>',
          'Brings the former content of a restore in place back',
          (each) => waiting(each).option('yes', { type: 'boolean', describe: 'Without asking' }),
          run(undo),
        )
        .demandCommand(1, 'Say what to do: list, show, cancel or undo.'),
    );

async function restore(context: Context, args: Fields): Promise<Exit> {
  const client = await context.client();
  const backup = await findBackup(client, args.backup);
  const source = await findDatabase(client, backup.database_id);
  const onto = args.onto === undefined ? null : await findDatabase(client, args.onto);
  const asked = askedOf(args, source, onto);
  const path = { db: source.id, id: backup.id };
  const about = { database: onto ?? source, damagedBackup: args['allow-damaged'] === true ? null : backup };
  if (args.preflight === true) return await inOurWords(about, preflight(context, client, path, asked));
  const replaced = onto ?? (args['in-place'] === true ? source : null);
  if (replaced !== null) await confirmReplacing(context, args, replaced, backup);
  const { data } = await inOurWords(
    about,
    client.POST('/api/databases/{db}/backups/{id}/restore', { params: { path }, body: asked }),
  );
  return data ? await shown(context, source, data, args.wait === true) : exits.failed;
}

function askedOf(args: Fields, source: Database, onto: Database | null): Asked {
  const [schemas, tables] = [args.schema, args.table];
  const asked = {
    target: onto
      ? { database_id: onto.id }
      : args['in-place'] === true
        ? ({ in_place: true } as const)
        : { new_database: args.to ?? `${source.database}_restored` },
    selection: schemas || tables ? { ...(schemas && { schemas }), ...(tables && { tables }) } : undefined,
    ownership: args.ownership,
    keep_hours: args['keep-hours'],
    allow_damaged: args['allow-damaged'],
  };
  return Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined));
}

async function confirmReplacing(context: Context, args: Fields, replaced: Database, backup: Backup): Promise<void> {
  await context.confirm(
    `This replaces the content of ${replaced.name} (${replaced.database}) by the backup of ${timeText(backup.created_at)}; sessions on it are ended.`,
    { yes: args.yes, typed: replaced.name },
  );
}

async function preflight(
  context: Context,
  client: HoldfastClient,
  path: { db: string; id: string },
  asked: Asked,
): Promise<Exit> {
  const { data } = await client.POST('/api/databases/{db}/backups/{id}/restore/preflight', {
    params: { path },
    body: asked,
  });
  if (!data) throw usageError('The service did not tell.');
  const { ok, findings, estimate } = data.preflight;
  context.result(data.preflight, () =>
    [
      ok ? 'A restore could succeed.' : 'A restore would fail.',
      ...findings.map(({ severity, code, message }) => {
        const wayOn = code === 'damaged' && severity === 'blocker' ? ` ${damagedWayOn}` : '';
        return `${context.state(severity)}  ${message}${wayOn} (${code})`;
      }),
      ...(estimate ? [`It may take ${durationText(estimate.seconds)}.`] : []),
    ].join('\n'),
  );
  return ok ? exits.ok : exits.failed;
}

const pathOf = (database: Database, rid: string) => ({ params: { path: { db: database.id, rid } } });

async function look(client: HoldfastClient, database: Database, rid: string): Promise<Restore> {
  const { data } = await client.GET('/api/databases/{db}/backup_restorations/{rid}', pathOf(database, rid));
  if (!data) throw usageError('The service did not tell.');
  return data.backup_restoration;
}

/** Shows a restore, now or at its end. */
async function shown(context: Context, database: Database, asked: Restore, wait: boolean): Promise<Exit> {
  const client = await context.client();
  if (!wait) {
    context.result(asked, () => described(context, asked));
    return asked.status === 'error' ? exits.failed : exits.ok;
  }
  context.say(`Restore ${asked.id}`);
  const ended = await follow(context, {
    what: `Restore ${asked.id}`,
    later: `holdfast restores show ${database.id} ${asked.id}`,
    look: () => look(client, database, asked.id),
  });
  context.result(ended, () => described(context, ended));
  return ended.status === 'done' ? exits.ok : exits.failed;
}

const described = (context: Context, restore: Restore): string =>
  context.facts([
    ['restore', restore.id],
    ['status', { state: restore.status }],
    ['outcome', restore.outcome ?? undefined],
    ['error', restore.error ? `${restore.error.message} (${restore.error.code}: docs/errors.md)` : undefined],
    ['target', targetText(restore)],
    [
      'former content',
      restore.former ? `${restore.former.database}, until ${timeText(restore.former.until)}` : undefined,
    ],
    ['asked for', timeText(restore.created_at)],
    ['ended', restore.ended_at === null ? undefined : timeText(restore.ended_at)],
  ]);

async function list(context: Context, args: { database: string }): Promise<void> {
  const client = await context.client();
  const { id } = await findDatabase(client, args.database);
  const { data } = await client.GET('/api/databases/{db}/backup_restorations', { params: { path: { db: id } } });
  const restores = data?.backup_restorations ?? [];
  context.result(restores, () =>
    context.table(
      restores,
      [
        { title: 'ASKED FOR', text: ({ created_at: at }) => timeText(at) },
        { title: 'STATUS', text: ({ status }) => status, tone: (text) => context.state(text) },
        { title: 'TARGET', text: targetText, flexible: true },
        { title: 'OUTCOME', text: ({ outcome, error }) => outcome ?? error?.message, flexible: true },
        { title: 'ID', text: (each) => each.id },
      ],
      'There was no restore.',
    ),
  );
}

const targetText = ({ target: to }: Restore): string => ('new_database' in to ? to.new_database : 'in place');

async function show(context: Context, args: Target & { wait?: boolean | undefined }): Promise<Exit> {
  const client = await context.client();
  const database = await findDatabase(client, args.database);
  return await shown(context, database, await look(client, database, args.restore), args.wait === true);
}

async function cancel(context: Context, args: Target): Promise<void> {
  const client = await context.client();
  const database = await findDatabase(client, args.database);
  const { data } = await client.POST(
    '/api/databases/{db}/backup_restorations/{rid}/cancel',
    pathOf(database, args.restore),
  );
  if (data) context.result(data.backup_restoration, () => `Restore ${args.restore} is being cancelled.`);
}

async function undo(
  context: Context,
  args: Target & { wait?: boolean | undefined; yes?: boolean | undefined },
): Promise<Exit> {
  const client = await context.client();
  const database = await findDatabase(client, args.database);
  await context.confirm(
    `This brings back what ${database.name} held before the restore; sessions on it are ended.`,
    args,
  );
  const { data } = await client.POST(
    '/api/databases/{db}/backup_restorations/{rid}/undo',
    pathOf(database, args.restore),
  );
  return data ? await shown(context, database, data, args.wait === true) : exits.failed;
}
