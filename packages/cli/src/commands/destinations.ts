import type { Body } from '@holdfast/client';
import type { Argv } from 'yargs';
import type { Commands } from '../command.ts';
import type { Context, Globals } from '../context.ts';
import { CliError, exits, usageError, type Exit } from '../exits.ts';
import { allDestinations, findDestination } from '../find.ts';
import { timeText } from '../output/figures.ts';
import { forgottenFact, unreadableFact } from '../output/forgotten.ts';
import { readSecret } from '../secrets.ts';
import type { Destination } from '../views.ts';
import { importBackups } from './destination-import.ts';

type Change = Body<'/api/backup-destinations/{id}', 'put'>;

const types = ['s3', 'custom_s3', 'local'] as const;
const secrets = ['access-key', 'secret-key', 'deletion-access-key', 'deletion-secret-key'] as const;

const target = <T>(command: Argv<T>) =>
  command.positional('destination', { type: 'string', demandOption: true, describe: 'Its label or id' });

const fields = <T>(command: Argv<T>) =>
  command
    .option('bucket', { type: 'string' })
    .option('region', { type: 'string', describe: 'Of Amazon S3' })
    .option('endpoint', { type: 'string', describe: 'URL of another S3 server' })
    .option('path-style', { type: 'boolean', describe: 'The bucket in the path instead of the host name' })
    .option('prefix', { type: 'string', describe: 'Put before every key' })
    .option('path', { type: 'string', describe: 'Folder below the operator’s root, of a local one' })
    .option('lock-mode', { choices: ['governance', 'compliance'] as const, describe: 'Locks what is stored' })
    .option('lock-days', { type: 'number' })
    .option('access-key-env', { type: 'string', describe: 'Name of the environment variable with the access key' })
    .option('access-key-file', { type: 'string' })
    .option('secret-key-env', { type: 'string', describe: 'Name of the environment variable with the secret key' })
    .option('secret-key-file', { type: 'string' })
    .option('secret-key-stdin', { type: 'boolean' })
    .option('deletion-access-key-env', { type: 'string', describe: 'Keys that alone delete, see docs/destinations.md' })
    .option('deletion-access-key-file', { type: 'string' })
    .option('deletion-secret-key-env', { type: 'string' })
    .option('deletion-secret-key-file', { type: 'string' });

type Fields = ReturnType<typeof fields<Globals>> extends Argv<infer Given> ? Given : never;

export const destinationCommands: Commands = (program, run) =>
  program.command('destinations', 'Where backups are kept', (command) =>
    command
      .command(['list', '$0'], 'Lists them', {}, run(list))
      .command('show <destination>', 'Shows one', target, run(show))
      .command(
        'add <label>',
        'Adds one; then `destinations test`',
        (each) =>
          fields(each)
            .positional('label', { type: 'string', demandOption: true })
            .option('type', { choices: types, demandOption: true }),
        run(add),
      )
      .command('test <destination>', 'Writes, reads back and removes small objects', target, run(test))
      .command(
        'edit <destination>',
        'Changes what is given and leaves the rest',
        (each) => fields(target(each)).option('label', { type: 'string', describe: 'A new label' }),
        run(edit),
      )
      .command(
        'import <destination>',
        'Reads the backups that it holds into the catalogue',
        (each) =>
          target(each).option('wait', {
            type: 'boolean',
            describe: 'Until it has ended; exit code 1 when a backup is damaged or refused',
          }),
        run(importBackups),
      )
      .command(
        'remove <destination>',
        'Removes one that nothing uses',
        (each) =>
          target(each)
            .option('force', { type: 'boolean', describe: 'Also one that holds backups, WITH these backups' })
            .option('yes', { type: 'boolean', describe: 'Without asking' }),
        run(remove),
      ),
  );

const place = (destination: Destination): string => {
  if (destination.type === 'local') return 'folder';
  return `${destination.type === 's3' ? destination.s3_region : destination.s3_endpoint}/${destination.s3_bucket_name}`;
};

async function list(context: Context): Promise<void> {
  const destinations = await allDestinations(await context.client());
  context.result(destinations, () =>
    context.table(
      destinations,
      [
        { title: 'LABEL', text: ({ label }) => label, flexible: true },
        { title: 'TYPE', text: ({ type }) => type },
        { title: 'AT', text: place, flexible: true },
        { title: 'ID', text: ({ id }) => id, right: true },
      ],
      'There is no destination: `holdfast destinations add` makes one.',
    ),
  );
}

const described = (context: Context, destination: Destination): string =>
  context.facts([
    ['label', destination.label],
    ['id', destination.id],
    ['type', destination.type_human],
    ['at', place(destination)],
    forgottenFact('forgotten' in destination ? destination : {}),
    unreadableFact('unreadable' in destination ? destination : {}),
    ...(destination.type === 'local'
      ? []
      : ([
          [
            'object lock',
            destination.object_lock ? `${destination.object_lock.mode}, ${destination.object_lock.days} d` : 'none',
          ],
          ['keys that delete', destination.has_deletion_keys ? 'of their own' : 'the same'],
          ['capabilities', destination.capabilities ? JSON.stringify(destination.capabilities) : 'not tested yet'],
        ] as const)),
    ['made', timeText(destination.created_at)],
  ]);

async function show(context: Context, args: { destination: string }): Promise<void> {
  const destination = await findDestination(await context.client(), args.destination);
  context.result(destination, () => described(context, destination));
}

async function add(context: Context, args: Fields & { label: string; type: (typeof types)[number] }): Promise<void> {
  const client = await context.client();
  const change = await changeOf(context, args);
  const typed: Change = {};
  if (args.type !== 'local' && !change.s3_access_key) typed.s3_access_key = await context.ask('Access key: ');
  if (args.type !== 'local' && !change.s3_secret_key) typed.s3_secret_key = await context.askHidden('Secret key: ');
  const { data } = await client.POST('/api/backup-destinations', {
    body: { ...change, ...typed, label: args.label, type: args.type },
  });
  if (data) context.result(data.data, () => `Added ${data.data.label} (${data.data.id}).`);
}

async function edit(
  context: Context,
  args: Fields & { destination: string; label?: string | undefined },
): Promise<void> {
  const client = await context.client();
  const { id } = await findDestination(client, args.destination);
  const change = { ...(await changeOf(context, args)), ...(args.label === undefined ? {} : { label: args.label }) };
  if (Object.keys(change).length === 0) throw usageError('Say what to change: holdfast destinations edit --help');
  const { data } = await client.PUT('/api/backup-destinations/{id}', { params: { path: { id } }, body: change });
  if (data) context.result(data.data, () => described(context, data.data));
}

async function changeOf(context: Context, args: Fields): Promise<Change> {
  if ((args['lock-mode'] === undefined) !== (args['lock-days'] === undefined)) {
    throw usageError('A lock has a mode and days: give --lock-mode and --lock-days, or neither.');
  }
  const change: Record<string, unknown> = {
    s3_bucket_name: args.bucket,
    s3_region: args.region,
    s3_endpoint: args.endpoint,
    path_style_endpoint: args['path-style'],
    s3_prefix: args.prefix,
    path: args.path,
    object_lock: args['lock-mode'] && { mode: args['lock-mode'], days: args['lock-days'] },
  };
  for (const name of secrets) {
    const field = `${name.startsWith('deletion') ? '' : 's3_'}${name.replaceAll('-', '_')}`;
    const stdin = name === 'secret-key' ? args['secret-key-stdin'] : undefined;
    const source = { env: args[`${name}-env`], file: args[`${name}-file`], stdin };
    change[field] = (await readSecret(context, name.replaceAll('-', ' '), source)) ?? undefined;
  }
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
}

async function test(context: Context, args: { destination: string }): Promise<Exit> {
  const client = await context.client();
  const { id, label } = await findDestination(client, args.destination);
  const { data } = await client.POST('/api/backup-destinations/{id}/test', { params: { path: { id } } });
  if (!data) return exits.failed;
  const { ok, problems } = data.data;
  context.result(data.data, () => (ok ? `${label} works.` : [`${label} does not work:`, ...problems].join('\n  ')));
  return ok ? exits.ok : exits.failed;
}

async function remove(
  context: Context,
  args: { destination: string; force?: boolean | undefined; yes?: boolean | undefined },
): Promise<void> {
  const client = await context.client();
  const { id, label } = await findDestination(client, args.destination);
  const force = args.force === true;
  await context.confirm(
    force ? `Remove the destination ${label} and ALL BACKUPS in it?` : `Remove the destination ${label}?`,
    { yes: args.yes, ...(force ? { typed: label } : {}) },
  );
  const { data } = await client.DELETE('/api/backup-destinations/{id}', {
    params: { path: { id }, query: force ? { force: true } : {} },
  });
  if (!data) throw new CliError(exits.failed, `${label} was not removed.`);
  context.result({ id, removed: true }, () => `Removed ${label}.`);
}
