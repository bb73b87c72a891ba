import type { Argv } from 'yargs';
import type { Commands } from '../command.ts';
import type { Context, Globals } from '../context.ts';
import { exits, type Exit } from '../exits.ts';
import { allChannels, findChannel } from '../find.ts';
import { agoText, timeText } from '../output/figures.ts';
import { forgottenFact, unreadableFact } from '../output/forgotten.ts';
import type { Channel, Delivery } from '../views.ts';
import { addChannel, newChannelOptions, rotateSecret } from './notification-add.ts';

interface Target {
  channel: string;
}

const states = ['scheduled', 'pending', 'done', 'error'] as const;

const target = <T>(command: Argv<T>) =>
  command.positional('channel', { type: 'string', demandOption: true, describe: 'Its name or id' });

export const notificationCommands: Commands = (program, run) =>
  program.command('notifications', 'Who is told of what', (command) =>
    command
      .command(['channels', '$0'], 'Lists the channels', {}, run(channels))
      .command('add <name>', 'Makes a channel', newChannelOptions, run(addChannel))
      .command('show <channel>', 'Shows one', target, run(show))
      .command('test <channel>', 'Sends a message now, and tells what the other side said', target, run(test))
      .command('pause <channel>', 'Sends nothing there', target, run(switchTo(false)))
      .command('resume <channel>', 'Sends there again', target, run(switchTo(true)))
      .command('rotate-secret <channel>', 'Gives a webhook a new signing secret', target, run(rotateSecret))
      .command(
        'remove <channel>',
        'Removes one with the record of what was sent to it',
        (each) => target(each).option('yes', { type: 'boolean', describe: 'Without asking' }),
        run(remove),
      )
      .command(
        'deliveries [channel]',
        'Lists what was sent and what waits',
        (each) =>
          each
            .positional('channel', { type: 'string', describe: 'Only to this one' })
            .option('state', { choices: states, describe: 'Only such' })
            .option('limit', { type: 'number', default: 20 }),
        run(deliveries),
      )
      .command(
        'resend <delivery>',
        'Sends one once more',
        (each) => each.positional('delivery', { type: 'string', demandOption: true, describe: 'Its id' }),
        run(resend),
      ),
  );

async function channels(context: Context): Promise<void> {
  const found = await allChannels(await context.client());
  context.result(found, () =>
    context.table(
      found,
      [
        { title: 'NAME', text: ({ name }) => name, flexible: true },
        { title: 'TYPE', text: ({ type }) => type },
        { title: 'STATE', text: ({ state }) => state, tone: (text) => context.state(text) },
        { title: 'TO', text: placeOf, flexible: true },
        { title: 'FROM', text: ({ rules }) => rules.least_severity },
        { title: 'EVENTS', text: ({ rules }) => rules.events?.join(' ') ?? 'alerts', flexible: true },
        { title: 'LAST', text: ({ last_delivered_at: at }) => agoText(at, context.now()) },
        { title: 'ID', text: ({ id }) => id },
      ],
      'Nobody is told of anything: holdfast notifications add --help.',
    ),
  );
}

const placeOf = ({ url, email }: Channel): string => url ?? email?.to.join(', ') ?? '–';

async function show(context: Context, args: Target): Promise<void> {
  const channel = await findChannel(await context.client(), args.channel);
  context.result(channel, () =>
    context.facts([
      ['name', channel.name],
      ['id', channel.id],
      ['type', channel.type],
      ['state', { state: channel.state }],
      ['to', placeOf(channel)],
      forgottenFact(channel),
      unreadableFact(channel),
      ['rules', JSON.stringify(channel.rules)],
      ['failing since', channel.failing_since === null ? undefined : timeText(channel.failing_since)],
      ['last error', channel.last_error ?? undefined],
      ['last delivered', timeText(channel.last_delivered_at)],
    ]),
  );
}

async function test(context: Context, args: Target): Promise<Exit> {
  const client = await context.client();
  const { id, name } = await findChannel(client, args.channel);
  const { data } = await client.POST('/api/notification-channels/{channel}/test', {
    params: { path: { channel: id } },
  });
  if (!data) return exits.failed;
  context.result(data, () => {
    const answered = [data.status === null ? null : `status ${data.status}`, data.answer].filter(Boolean).join(': ');
    return data.delivered
      ? `Delivered to ${name} in ${data.seconds.toFixed(1)} s${answered === '' ? '' : ` (${answered})`}.`
      : `Not delivered to ${name}: ${data.error ?? 'for no known reason'}`;
  });
  return data.delivered ? exits.ok : exits.failed;
}

const switchTo = (enabled: boolean) => async (context: Context, args: Globals & Target) => {
  const client = await context.client();
  const { id, name } = await findChannel(client, args.channel);
  const { data } = await client.PATCH('/api/notification-channels/{channel}', {
    params: { path: { channel: id } },
    body: { enabled },
  });
  context.result(data?.channel, () => `${name} is ${enabled ? 'on' : 'paused'}.`);
};

async function remove(context: Context, args: Target & { yes?: boolean | undefined }): Promise<void> {
  const client = await context.client();
  const { id, name } = await findChannel(client, args.channel);
  await context.confirm(`Remove the channel ${name}?`, args);
  await client.DELETE('/api/notification-channels/{channel}', { params: { path: { channel: id } } });
  context.result({ id, removed: true }, () => `Removed ${name}.`);
}

async function deliveries(
  context: Context,
  args: { channel?: string | undefined; state?: (typeof states)[number] | undefined; limit: number },
): Promise<void> {
  const client = await context.client();
  const channel = args.channel === undefined ? undefined : (await findChannel(client, args.channel)).id;
  const query = {
    limit: String(args.limit),
    ...(channel === undefined ? {} : { channel }),
    ...(args.state === undefined ? {} : { state: args.state }),
  };
  const { data } = await client.GET('/api/notification-deliveries', { params: { query } });
  const found = data?.deliveries ?? [];
  context.result(found, () =>
    context.table(
      found,
      [
        { title: 'MADE', text: ({ created_at: at }) => timeText(at) },
        { title: 'CHANNEL', text: (each) => each.channel.name, flexible: true },
        { title: 'STATUS', text: ({ status }) => status, tone: (text) => context.state(text) },
        { title: 'ATTEMPTS', text: ({ attempts }) => attempts, right: true },
        { title: 'EVENT', text: eventOf },
        { title: 'WHAT', text: contentOf, flexible: true },
        { title: 'ERROR', text: ({ error }) => error, flexible: true },
        { title: 'ID', text: ({ id }) => id },
      ],
      'Nothing was sent yet.',
    ),
  );
}

const phases: Readonly<Record<string, string>> = { 'alert.raised': 'raised', 'alert.cleared': 'over' };

/** Whether what is told was raised or is over, or what ended how. */
function eventOf({ cause, ping, events }: Delivery): string {
  const kinds = new Set(events.map(({ kind }) => phases[kind] ?? kind.replace('.', ' ')));
  return kinds.size === 0 ? (ping ?? cause) : [...kinds].join(', ');
}

function contentOf({ cause, message, events, event_count: count }: Delivery): string {
  const first = message ?? events[0]?.message ?? cause;
  return count > 1 ? `${count} events: ${first}` : first;
}

async function resend(context: Context, args: { delivery: string }): Promise<void> {
  const { data } = await (
    await context.client()
  ).POST('/api/notification-deliveries/{delivery}/resend', {
    params: { path: { delivery: args.delivery } },
  });
  if (data) context.result(data.delivery, () => 'It is sent once more.');
}
