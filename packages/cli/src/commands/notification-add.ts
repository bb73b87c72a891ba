import { channelTypes, severities, type ChannelType, type Severity } from '@holdfast/shared/domain';
import type { Argv } from 'yargs';
import type { Context } from '../context.ts';
import { usageError } from '../exits.ts';
import { findChannel } from '../find.ts';
import { listOption } from '../repeated.ts';
import { readSecret } from '../secrets.ts';
import type { Channel } from '../views.ts';

type Made = Channel & { signing_secret: string | null };

interface Given {
  name: string;
  type: ChannelType;
  'url-env'?: string | undefined;
  'url-file'?: string | undefined;
  'url-stdin'?: boolean | undefined;
  'smtp-host'?: string | undefined;
  'smtp-port'?: number | undefined;
  'smtp-user'?: string | undefined;
  'password-env'?: string | undefined;
  'password-file'?: string | undefined;
  from?: string | undefined;
  to?: string[] | undefined;
  least?: Severity | undefined;
}

export const newChannelOptions = (command: Argv) =>
  command
    .positional('name', { type: 'string', demandOption: true })
    .option('type', { choices: channelTypes, demandOption: true, describe: 'Kind of channel' })
    .option('least', { choices: severities, describe: 'Tells of nothing below' })
    .option('url-env', { type: 'string', describe: 'Name of the environment variable with the URL' })
    .option('url-file', { type: 'string', describe: 'File with the URL' })
    .option('url-stdin', { type: 'boolean', describe: 'The URL is read from standard input' })
    .option('smtp-host', { type: 'string', describe: 'Of e-mail: host of the mail server' })
    .option('smtp-port', { type: 'number', describe: 'Of e-mail; 587 when absent' })
    .option('smtp-user', { type: 'string', describe: 'Of e-mail' })
    .option('password-env', { type: 'string', describe: 'Of e-mail: the environment variable with the password' })
    .option('password-file', { type: 'string', describe: 'Of e-mail: file with the password' })
    .option('from', { type: 'string', describe: 'Of e-mail: address of the sender' })
    .option('to', listOption({ type: 'string', describe: 'Of e-mail: addresses' }));

/** The address of a channel is a secret: whoever knows it can write there. It is asked for where nothing else gives it. */
export async function addChannel(context: Context, given: Given): Promise<void> {
  const { name, type, least } = given;
  const place = type === 'email' ? { email: await mailOf(context, given) } : { url: await urlOf(context, given) };
  const client = await context.client();
  const { data } = await client.POST('/api/notification-channels', {
    body: { name, type, ...place, ...(least && { rules: { least_severity: least } }) },
  });
  if (data) tell(context, data.channel, `Made ${name}. Next: holdfast notifications test ${JSON.stringify(name)}`);
}

export async function rotateSecret(context: Context, { channel }: { channel: string }): Promise<void> {
  const client = await context.client();
  const { id, name } = await findChannel(client, channel);
  const { data } = await client.PATCH('/api/notification-channels/{channel}', {
    params: { path: { channel: id } },
    body: { rotate_secret: true },
  });
  if (data) tell(context, data.channel, `${name} has a new signing secret; the former one signs beside it for a day.`);
}

const tell = (context: Context, channel: Made, sentence: string): void =>
  context.result(channel, () =>
    channel.signing_secret === null
      ? sentence
      : `${sentence}\nIts signing secret, shown this once: ${channel.signing_secret}`,
  );

async function urlOf(context: Context, given: Given): Promise<string> {
  const source = { env: given['url-env'], file: given['url-file'], stdin: given['url-stdin'] };
  const url = (await readSecret(context, 'URL', source)) ?? (await context.askHidden(`URL of ${given.name}: `));
  if (!url) throw usageError('The URL is needed: --url-env, --url-file or --url-stdin, where nobody can be asked.');
  return url;
}

async function mailOf(context: Context, given: Given) {
  const { 'smtp-host': host, 'smtp-port': port, 'smtp-user': user, from, to } = given;
  if (!host || !from || !to?.length) throw usageError('E-mail needs --smtp-host, --from and --to.');
  const source = { env: given['password-env'], file: given['password-file'] };
  const password =
    (await readSecret(context, 'password', source)) ??
    (user === undefined ? null : await context.askHidden(`Password of ${user}: `));
  return { host, from, to, ...(port && { port }), ...(user && { user }), ...(password && { password }) };
}
