import type { Argv } from 'yargs';
import type { Commands } from '../command.ts';
import type { Context } from '../context.ts';
import { allServers, findServer } from '../find.ts';
import { agoText } from '../output/figures.ts';

const target = <T>(command: Argv<T>) => command.positional('server', { type: 'string', demandOption: true });

export const serverCommands: Commands = (program, run) =>
  program.command('servers', 'Remote servers, which back themselves up with `holdfast agent`', (command) =>
    command
      .command(['list', '$0'], 'Lists them', {}, run(list))
      .command(
        'add <name>',
        'Registers one and prints its token, this once',
        (each) => each.positional('name', { type: 'string', demandOption: true }),
        run(add),
      )
      .command(
        'remove <server>',
        'Forgets one that nothing needs',
        (each) => target(each).option('yes', { type: 'boolean', describe: 'Without asking' }),
        run(remove),
      ),
  );

async function list(context: Context): Promise<void> {
  const servers = await allServers(await context.client());
  context.result(servers, () =>
    context.table(
      servers,
      [
        { title: 'NAME', text: ({ name }) => name, flexible: true },
        { title: 'LAST SEEN', text: ({ last_seen_at: at }) => agoText(at, context.now()) },
        { title: 'ID', text: ({ id }) => id, right: true },
      ],
      'There is no remote server: `holdfast servers add` registers one.',
    ),
  );
}

async function add(context: Context, args: { name: string }): Promise<void> {
  const { data } = await (await context.client()).POST('/api/servers', { body: { server: { name: args.name } } });
  if (!data) return;
  context.say('The token goes into HOLDFAST_AGENT_TOKEN there (docs/agent.md), is shown here and never again:');
  context.result(data.server, () => data.server.token);
}

async function remove(context: Context, args: { server: string; yes?: boolean | undefined }): Promise<void> {
  const client = await context.client();
  const { id, name } = await findServer(client, args.server);
  await context.confirm(`Forget the server ${name}? Its token is refused from then on.`, args);
  await client.DELETE('/api/servers/{id}', { params: { path: { id } } });
  context.result({ id, removed: true }, () => `Forgot ${name}.`);
}
