import type { Argv } from 'yargs';
import type { Commands } from '../command.ts';
import type { Context } from '../context.ts';
import { CliError, exits, type Exit } from '../exits.ts';
import { allDatabases, backupsOf, findBackup, findDatabase } from '../find.ts';
import { follow } from '../follow.ts';
import { agoText, bytesText, durationText, timeText } from '../output/figures.ts';
import { inOurWords } from '../refusals.ts';
import type { Backup, Database } from '../views.ts';

const target = <T>(command: Argv<T>) =>
  command.positional('backup', {
    type: 'string',
    demandOption: true,
    describe: 'Its id, or latest:NAME of a database',
  });

export const backupCommands: Commands = (program, run) =>
  program
    .command(
      'backup <database>',
      'Asks for a backup now',
      (command) =>
        command
          .positional('database', { type: 'string', demandOption: true, describe: 'Its name or id' })
          .option('wait', { type: 'boolean', describe: 'Follows it to its end; exit code 1 when it fails' }),
      run(backUp),
    )
    .command('backups', 'The backups that there are', (command) =>
      command
        .command(
          ['list [database]', '$0'],
          'Lists them, newest first',
          (each) =>
            each
              .positional('database', { type: 'string', describe: 'Only of this one' })
              .option('limit', { type: 'number', default: 20, describe: 'So many at most' }),
          run(list),
        )
        .command('show <backup>', 'Shows one', target, run(show))
        .command('cancel <backup>', 'Ends one that waits or runs', target, run(cancel))
        .command(
          'delete <backup>',
          'Deletes one; for a day `backups undelete` brings it back',
          (each) =>
            target(each)
              .option('force', { type: 'boolean', describe: 'Also the only good one of its database' })
              .option('yes', { type: 'boolean', describe: 'Without asking' }),
          run(remove),
        )
        .command(
          'undelete <backup>',
          'Takes a deletion back',
          (each) => each.positional('backup', { type: 'string', demandOption: true, describe: 'Its id' }),
          run(undelete),
        ),
    );

async function backUp(context: Context, args: { database: string; wait?: boolean | undefined }): Promise<Exit> {
  const client = await context.client();
  const database = await findDatabase(client, args.database);
  const { data } = await inOurWords(
    { database },
    client.POST('/api/databases/{db}/backups', { params: { path: { db: database.id } } }),
  );
  if (!data) return exits.failed;
  const { database_backup: asked } = data;
  if (args.wait !== true) {
    context.result(asked, () => asked.id);
    return exits.ok;
  }
  context.say(`Backup ${asked.id} of ${database.name}`);
  const ended = await follow(context, {
    what: `Backup ${asked.id}`,
    later: `holdfast backups show ${asked.id}`,
    look: () => findBackup(client, asked.id),
  });
  context.result(ended, () => described(context, ended));
  return ended.status === 'done' ? exits.ok : exits.failed;
}

async function list(context: Context, args: { database?: string | undefined; limit: number }): Promise<void> {
  const client = await context.client();
  const wanted = args.database === undefined ? await allDatabases(client) : [await findDatabase(client, args.database)];
  const found: { database: Database; backup: Backup }[] = [];
  for (const database of wanted) {
    for (const backup of await backupsOf(client, database.id)) found.push({ database, backup });
  }
  const shown = found
    .toSorted((one, other) => (one.backup.created_at < other.backup.created_at ? 1 : -1))
    .slice(0, args.limit);
  context.result(
    shown.map(({ backup }) => backup),
    () =>
      context.table(
        shown,
        [
          { title: 'DATABASE', text: ({ database }) => database.name, flexible: true },
          { title: 'ASKED FOR', text: ({ backup }) => timeText(backup.created_at) },
          { title: '', text: ({ backup }) => agoText(backup.created_at, context.now()) },
          { title: 'STATUS', text: ({ backup }) => statusOf(backup), tone: (text) => context.state(text) },
          { title: 'SIZE', text: ({ backup }) => bytesText(backup.size), right: true },
          { title: 'TOOK', text: ({ backup }) => durationText(secondsOf(backup)), right: true },
          { title: 'PROVEN', text: ({ backup }) => provenOf(backup) },
          { title: 'ID', text: ({ backup }) => backup.id },
        ],
        'There is no backup yet: `holdfast backup NAME --wait` makes one.',
      ),
  );
}

const statusOf = ({ status, verification }: Backup): string => (verification.damage ? 'damaged' : status);

/** Null, too, of one that is damaged or not done: then its status says why nothing is proven. */
const provenOf = ({ status, verification: { level, damage } }: Backup): string | null =>
  level ?? (status === 'done' && !damage ? 'not looked at yet' : null);

const secondsOf = ({ started_at: from, completed_at: to }: Backup): number | null =>
  from === null || to === null ? null : (Date.parse(to) - Date.parse(from)) / 1000;

const described = (context: Context, backup: Backup): string =>
  context.facts([
    ['backup', backup.id],
    ['status', { state: statusOf(backup) }],
    ['error', backup.error ? `${backup.error.message} (${backup.error.code}: docs/errors.md)` : undefined],
    ['damage', backup.verification.damage?.detail],
    ['file', backup.name],
    ['size', bytesText(backup.size)],
    ['checksum', backup.checksum],
    ['asked for', timeText(backup.created_at)],
    ['took', durationText(secondsOf(backup))],
    ['attempt', backup.attempt],
    ['tried again', backup.next_attempt_at === null ? undefined : agoText(backup.next_attempt_at, context.now())],
    ['proven', provenOf(backup)],
    ['encrypted', backup.encrypted ? `for ${backup.recipients?.join(', ') ?? 'unknown keys'}` : 'no'],
    ['warnings', backup.warnings.length > 0 ? backup.warnings.join('\n') : undefined],
    ['expires', backup.expires_at === null ? undefined : timeText(backup.expires_at)],
    ['locked until', backup.object_locked_until === null ? undefined : timeText(backup.object_locked_until)],
  ]);

async function show(context: Context, args: { backup: string }): Promise<void> {
  const backup = await findBackup(await context.client(), args.backup);
  context.result(backup, () => described(context, backup));
}

async function cancel(context: Context, args: { backup: string }): Promise<void> {
  const client = await context.client();
  const { id, database_id: db } = await findBackup(client, args.backup);
  const { data } = await client.POST('/api/databases/{db}/backups/{id}/cancel', { params: { path: { db, id } } });
  if (data) context.result(data.database_backup, () => `Backup ${id} is being cancelled.`);
}

async function remove(
  context: Context,
  args: { backup: string; force?: boolean | undefined; yes?: boolean | undefined },
): Promise<void> {
  const client = await context.client();
  const { id, database_id: db, created_at: at } = await findBackup(client, args.backup);
  await context.confirm(`Delete the backup ${id} of ${timeText(at)}?`, args);
  await client.DELETE('/api/databases/{db}/backups/{id}', {
    params: { path: { db, id }, query: args.force === true ? { force: 'true' } : {} },
  });
  context.result(
    { id, deleted: true },
    () => `Deleted ${id}. For a day \`holdfast backups undelete ${id}\` brings it back.`,
  );
}

async function undelete(context: Context, args: { backup: string }): Promise<void> {
  const client = await context.client();
  for (const { id: db } of await allDatabases(client)) {
    const { data } = await client.GET('/api/databases/{db}/deleted_backups', { params: { path: { db } } });
    if (data?.deleted_backups.some(({ id }) => id === args.backup)) {
      const path = { db, id: args.backup };
      const back = await client.POST('/api/databases/{db}/backups/{id}/undelete', { params: { path } });
      context.result(back.data?.database_backup, () => `Backup ${args.backup} is back.`);
      return;
    }
  }
  throw new CliError(exits.notFound, `There is no deleted backup "${args.backup}".`);
}
