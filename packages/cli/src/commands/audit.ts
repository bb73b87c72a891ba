import type { Commands } from '../command.ts';
import type { Context } from '../context.ts';
import { exits, type Exit } from '../exits.ts';
import { timeText } from '../output/figures.ts';

interface Filter {
  limit: number;
  action?: string | undefined;
  object?: string | undefined;
}

export const auditCommands: Commands = (program, run) =>
  program.command('audit', 'Who did what', (command) =>
    command
      .command(
        ['list', '$0'],
        'Lists what was done, newest first',
        (each) =>
          each
            .option('limit', { type: 'number', default: 50, describe: 'So many at most' })
            .option('action', { type: 'string', describe: 'Only such as backup.delete, or backup' })
            .option('object', { type: 'string', describe: 'Only about what has this id' }),
        run(list),
      )
      .command('verify', 'Looks whether an entry was changed or taken out; exit code 1 when so', {}, run(verify)),
  );

async function list(context: Context, { limit, action, object }: Filter): Promise<void> {
  const query = {
    limit: String(limit),
    ...(action === undefined ? {} : { action }),
    ...(object === undefined ? {} : { object }),
  };
  const { data } = await (await context.client()).GET('/api/audit', { params: { query } });
  const entries = data?.entries ?? [];
  context.result(entries, () =>
    context.table(
      entries,
      [
        { title: 'AT', text: ({ at }) => timeText(at) },
        { title: 'WHO', text: ({ actor }) => actor.name, flexible: true },
        { title: 'FROM', text: ({ from }) => from },
        { title: 'ACTION', text: (entry) => entry.action },
        { title: 'OUTCOME', text: ({ outcome }) => outcome, tone: (text) => context.state(text) },
        { title: 'OBJECT', text: (entry) => entry.object.name ?? entry.object.id, flexible: true },
        { title: 'DETAILS', text: ({ details }) => JSON.stringify(details), flexible: true },
      ],
      'Nothing was done yet.',
    ),
  );
}

async function verify(context: Context): Promise<Exit> {
  const { data } = await (await context.client()).GET('/api/audit/verification');
  if (!data) return exits.failed;
  context.result(data, () =>
    data.broken_at === null
      ? `${data.entries} entries are as they were written. Head: ${data.head ?? 'none'}`
      : `The chain is broken at entry ${data.broken_at.position}: ${data.broken_at.problem}`,
  );
  return data.ok ? exits.ok : exits.failed;
}
