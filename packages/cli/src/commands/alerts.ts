import type { Commands } from '../command.ts';
import type { Context } from '../context.ts';
import { pick } from '../find.ts';
import { agoText } from '../output/figures.ts';
import type { Alert } from '../views.ts';

export const alertCommands: Commands = (program, run) =>
  program.command('alerts', 'What is wrong now', (command) =>
    command
      .command(
        ['list', '$0'],
        'Lists them, newest first',
        (each) => each.option('all', { type: 'boolean', describe: 'Also what is over' }),
        run(list),
      )
      .command(
        'acknowledge <alert>',
        'Says that somebody knows: nobody is told of it again',
        (each) =>
          each.positional('alert', {
            type: 'string',
            demandOption: true,
            describe: 'Its id, or its kind where it is the only one',
          }),
        run(acknowledge),
      ),
  );

async function alertsOf(context: Context, state: 'open' | 'all'): Promise<Alert[]> {
  const { data } = await (await context.client()).GET('/api/alerts', { params: { query: { state } } });
  return data?.alerts ?? [];
}

async function list(context: Context, args: { all?: boolean | undefined }): Promise<void> {
  const alerts = await alertsOf(context, args.all === true ? 'all' : 'open');
  context.result(alerts, () =>
    context.table(
      alerts,
      [
        { title: 'SEVERITY', text: ({ severity }) => severity, tone: (text) => context.state(text) },
        { title: 'KIND', text: ({ kind }) => kind },
        { title: 'SINCE', text: ({ raised_at: at }) => agoText(at, context.now()) },
        { title: 'STATE', text: stateOf },
        { title: 'WHAT', text: ({ message }) => message, flexible: true },
        { title: 'ID', text: ({ id }) => id },
      ],
      args.all === true ? 'There were no alerts yet.' : 'No alerts are open.',
    ),
  );
}

function stateOf({ cleared_at: cleared, acknowledged_at: known }: Alert): string {
  if (cleared !== null) return 'over';
  return known === null ? 'open' : 'known';
}

async function acknowledge(context: Context, args: { alert: string }): Promise<void> {
  const { id } = pick('alert', args.alert, await alertsOf(context, 'open'), (alert) => ({
    id: alert.id,
    name: alert.kind,
  }));
  const { data } = await (
    await context.client()
  ).POST('/api/alerts/{alert}/acknowledge', { params: { path: { alert: id } } });
  if (data) context.result(data.alert, () => `Known: ${data.alert.message}`);
}
