import { scopeNames, type ScopeName } from '@holdfast/shared/domain';
import type { Commands } from '../command.ts';
import type { Context } from '../context.ts';
import { pick } from '../find.ts';
import { agoText, timeText } from '../output/figures.ts';
import { listOption } from '../repeated.ts';
import type { Token } from '../views.ts';

export const tokenCommands: Commands = (program, run) =>
  program.command('tokens', 'Who may use the service', (command) =>
    command
      .command(
        ['list', '$0'],
        'Lists those that are valid',
        (each) => each.option('all', { type: 'boolean', describe: 'Also those that have ended' }),
        run(list),
      )
      .command(
        'create <name>',
        'Makes one and prints it, this once',
        (each) =>
          each
            .positional('name', { type: 'string', demandOption: true })
            .option('scope', listOption({ choices: scopeNames, demandOption: true, describe: 'What it may do' }))
            .option('days', { type: 'number', describe: 'Ends after so many; never when absent' }),
        run(create),
      )
      .command(
        'revoke <token>',
        'Ends one at once',
        (each) =>
          each
            .positional('token', {
              type: 'string',
              demandOption: true,
              describe: 'Its name or id, never the token itself',
            })
            .option('yes', { type: 'boolean', describe: 'Without asking' }),
        run(revoke),
      ),
  );

async function all(context: Context): Promise<Token[]> {
  const { data } = await (await context.client()).GET('/api/tokens');
  return data?.tokens ?? [];
}

const isValid = ({ revoked_at: revoked, expires_at: end }: Token, now: Date): boolean =>
  revoked === null && (end === null || Date.parse(end) > now.getTime());

async function list(context: Context, args: { all?: boolean | undefined }): Promise<void> {
  const tokens = (await all(context)).filter((token) => args.all === true || isValid(token, context.now()));
  context.result(tokens, () =>
    context.table(
      tokens,
      [
        { title: 'NAME', text: ({ name }) => name, flexible: true },
        { title: 'SCOPES', text: ({ scopes }) => scopes.join(' '), flexible: true },
        { title: 'LAST USED', text: ({ last_used_at: at }) => agoText(at, context.now()) },
        {
          title: 'ENDS',
          text: ({ revoked_at: at, expires_at: end }) => (at ? 'revoked' : end ? timeText(end) : 'never'),
        },
        { title: 'ID', text: ({ id }) => id },
      ],
      'There is no token.',
    ),
  );
}

async function create(
  context: Context,
  args: { name: string; scope: readonly ScopeName[]; days?: number | undefined },
): Promise<void> {
  const { data } = await (
    await context.client()
  ).POST('/api/tokens', {
    body: {
      token: {
        name: args.name,
        scopes: [...args.scope],
        ...(args.days === undefined ? {} : { expires_in_days: args.days }),
      },
    },
  });
  if (!data) return;
  context.say('The token is shown here and never again:');
  context.result(data.token, () => data.token.token);
}

async function revoke(context: Context, args: { token: string; yes?: boolean | undefined }): Promise<void> {
  const valid = (await all(context)).filter((token) => isValid(token, context.now()));
  const { id, name } = pick('token', args.token, valid, (token) => token);
  await context.confirm(`Revoke the token ${name}?`, args);
  await (await context.client()).DELETE('/api/tokens/{id}', { params: { path: { id } } });
  context.result({ id, revoked: true }, () => `Revoked ${name}.`);
}
