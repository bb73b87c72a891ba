import { readFile } from 'node:fs/promises';
import type { Body } from '@holdfast/client';
import type { Argv } from 'yargs';
import type { Commands } from '../command.ts';
import type { Context, Globals } from '../context.ts';
import { exits, usageError, type Exit } from '../exits.ts';
import { allDatabases, allDestinations, findDatabase, findDestination, findServer } from '../find.ts';
import { bytesText, timeText } from '../output/figures.ts';
import { forgottenFact, unreadableFact } from '../output/forgotten.ts';
import { quoted } from '../output/text.ts';
import { readSecret } from '../secrets.ts';
import type { Database } from '../views.ts';

type Change = Body<'/api/databases/{db}', 'patch'>['database'];
type Type = Database['type'];

const types: readonly Type[] = ['postgresql', 'mysql', 'mariadb', 'sqlite', 'redis', 'mongodb', 'files'];
const withPassword: ReadonlySet<Type> = new Set(['postgresql', 'mysql', 'mariadb', 'mongodb']);
const tlsModes = ['disable', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;

const target = <T>(command: Argv<T>) =>
  command.positional('database', { type: 'string', demandOption: true, describe: 'Its name or id' });

/** How a database is reached and what is expected of its backups. */
const fields = <T>(command: Argv<T>) =>
  command
    .option('host', { type: 'string', describe: 'Host of its server' })
    .option('port', { type: 'number' })
    .option('user', { type: 'string' })
    .option('database', { type: 'string', describe: 'Its name on the server, or a path; the name when absent' })
    .option('destination', { type: 'string', describe: 'Where its backups go: a label or an id' })
    .option('server', { type: 'string', describe: 'The remote server that backs it up' })
    .option('sslmode', { choices: tlsModes })
    .option('ca', { type: 'string', describe: 'File with certificates to trust' })
    .option('options', { type: 'string', describe: 'Further options as JSON, see docs/api.md' })
    .option('hooks', { type: 'string', describe: 'File with hooks as JSON, see docs/hooks.md; "none" takes them away' })
    .option('password-stdin', { type: 'boolean', describe: 'The password is read from standard input' })
    .option('password-env', { type: 'string', describe: 'Name of the environment variable with the password' })
    .option('password-file', { type: 'string', describe: 'File with the password' });

type Fields = ReturnType<typeof fields<Globals>> extends Argv<infer Given> ? Given : never;

export const databaseCommands: Commands = (program, run) =>
  program.command('databases', 'The databases that are backed up', (command) =>
    command
      .command(['list', '$0'], 'Lists them', {}, run(list))
      .command('show <database>', 'Shows one', target, run(show))
      .command(
        'add <name>',
        'Registers one; then `databases test` and `schedules add`',
        (each) =>
          fields(each)
            .positional('name', { type: 'string', demandOption: true })
            .option('type', { choices: types, demandOption: true, describe: 'Kind of database' })
            .option('no-password', { type: 'boolean', describe: 'Its user needs none: nobody is asked for it' }),
        run(add),
      )
      .command('test <database>', 'Connects, and tells what a backup would lack', target, run(test))
      .command(
        'edit <which>',
        'Changes what is given and leaves the rest',
        (each) =>
          fields(each)
            .positional('which', { type: 'string', demandOption: true, describe: 'Its name or id' })
            .option('name', { type: 'string', describe: 'A new name' }),
        run(edit),
      )
      .command(
        'remove <database>',
        'Forgets one that has no backups',
        (each) => target(each).option('yes', { type: 'boolean', describe: 'Without asking' }),
        run(remove),
      ),
  );

async function list(context: Context): Promise<void> {
  const client = await context.client();
  const databases = await allDatabases(client);
  const destinations = new Map((await allDestinations(client)).map(({ id, label }) => [id, label]));
  context.result(databases, () =>
    context.table(
      databases,
      [
        { title: 'NAME', text: ({ name }) => name, flexible: true },
        { title: 'TYPE', text: ({ type }) => type },
        { title: 'AT', text: place, flexible: true },
        { title: 'DESTINATION', text: ({ destination_id: id }) => destinations.get(id) ?? id, flexible: true },
        { title: 'ID', text: ({ id }) => id },
      ],
      'No database is registered: `holdfast databases add` does it.',
    ),
  );
}

function place({ host, port, database, server_id: server }: Database): string {
  if (server !== null) return `server ${server}`;
  return host === null ? database : `${host}${port === null ? '' : `:${port}`}/${database}`;
}

async function show(context: Context, args: { database: string }): Promise<void> {
  const database = await findDatabase(await context.client(), args.database);
  context.result(database, () => described(context, database));
}

const described = (context: Context, database: Database): string =>
  context.facts([
    ['name', database.name],
    ['id', database.id],
    ['type', database.type],
    ['at', place(database)],
    ['user', database.user ?? undefined],
    ['destination', database.destination_id],
    ['options', JSON.stringify(database.options)],
    ['hooks', database.hooks ? JSON.stringify(database.hooks) : 'none'],
    forgottenFact(database),
    unreadableFact(database),
    ['policy', database.policy_id ?? undefined],
    ['registered', timeText(database.created_at)],
  ]);

type Added = Fields & { name: string; type: Type; 'no-password'?: boolean | undefined };

async function add(context: Context, args: Added): Promise<void> {
  const client = await context.client();
  const change = await changeOf(context, args);
  const typed = await typedPassword(context, args, change.password !== undefined);
  const { data } = await client.POST('/api/databases', {
    body: { database: { ...change, ...(typed ? { password: typed } : {}), name: args.name, type: args.type } },
  });
  if (!data) return;
  context.result(
    data.database,
    () => `Registered ${data.database.name} (${data.database.id}). Next: holdfast databases test ${quoted(args.name)}`,
  );
}

/** @throws CliError usage, when nobody can be asked for a password that there should be */
async function typedPassword(context: Context, args: Added, isGiven: boolean): Promise<string | null> {
  const hasNone = args['no-password'] === true;
  if (hasNone && isGiven) throw usageError('--no-password and a password exclude each other.');
  if (hasNone || isGiven || !withPassword.has(args.type) || args.server !== undefined) return null;
  const typed = await context.askHidden(`Password of ${args.user ?? 'the user'}: `);
  if (typed !== null) return typed;
  throw usageError(
    'Nobody can be asked for the password here: say where it is, --password-stdin, --password-env or --password-file, or --no-password.',
  );
}

async function edit(context: Context, args: Fields & { which: string; name?: string | undefined }): Promise<void> {
  const client = await context.client();
  const database = await findDatabase(client, args.which);
  const change = { ...(await changeOf(context, args)), ...(args.name === undefined ? {} : { name: args.name }) };
  if (Object.keys(change).length === 0) throw usageError('Say what to change: holdfast databases edit --help');
  const { data } = await client.PATCH('/api/databases/{db}', {
    params: { path: { db: database.id } },
    body: { database: change },
  });
  if (data) context.result(data.database, () => described(context, data.database));
}

async function changeOf(context: Context, args: Fields): Promise<Change> {
  const client = await context.client();
  const password = await readSecret(context, 'password', {
    env: args['password-env'],
    file: args['password-file'],
    stdin: args['password-stdin'],
  });
  const options = {
    ...(args.options === undefined ? {} : (jsonOf('--options', args.options) as object)),
    ...(args.sslmode === undefined ? {} : { sslmode: args.sslmode }),
    ...(args.ca === undefined ? {} : { ca: await readFile(args.ca, 'utf8') }),
  };
  const change = {
    host: args.host,
    port: args.port,
    user: args.user,
    database: args.database,
    password: password ?? undefined,
    options: Object.keys(options).length === 0 ? undefined : options,
    hooks: await hooksOf(args.hooks),
    destination_id: args.destination === undefined ? undefined : (await findDestination(client, args.destination)).id,
    server_id: args.server === undefined ? undefined : (await findServer(client, args.server)).id,
  };
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
}

async function hooksOf(given: string | undefined): Promise<Change['hooks'] | undefined> {
  if (given === undefined) return undefined;
  return given === 'none' ? null : (jsonOf('--hooks', await readFile(given, 'utf8')) as Change['hooks']);
}

function jsonOf(option: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw usageError(`${option} must be JSON: ${(error as Error).message}.`);
  }
}

async function test(context: Context, args: { database: string }): Promise<Exit> {
  const client = await context.client();
  const database = await findDatabase(client, args.database);
  const { data } = await client.POST('/api/databases/{db}/test', { params: { path: { db: database.id } } });
  if (!data) return exits.failed;
  const { database_test: found } = data;
  const isReady = found.ok && found.destination.ok;
  context.result(found, () =>
    context.facts([
      ['connection', { state: found.ok ? 'ok' : 'failed' }],
      ['problem', found.error ? `${found.error.message} (${found.error.code})` : undefined],
      ['server', found.server_version ?? undefined],
      ['size', found.size_bytes === null ? undefined : bytesText(found.size_bytes)],
      ['tables', found.tables ?? undefined],
      ['program', found.tool ? `${found.tool.name} ${found.tool.version}` : undefined],
      ['lacks', found.missing_privileges.length > 0 ? found.missing_privileges.join('\n') : undefined],
      ['destination', [found.destination.ok ? 'ok' : 'failed', ...found.destination.problems].join('\n')],
    ]),
  );
  return isReady ? exits.ok : exits.failed;
}

async function remove(context: Context, args: { database: string; yes?: boolean | undefined }): Promise<void> {
  const client = await context.client();
  const database = await findDatabase(client, args.database);
  await context.confirm(`Forget the database ${database.name} and its schedules?`, args);
  await client.DELETE('/api/databases/{db}', { params: { path: { db: database.id } } });
  context.result({ id: database.id, removed: true }, () => `Forgot ${database.name}.`);
}
