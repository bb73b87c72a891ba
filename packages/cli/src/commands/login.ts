import type { Commands } from '../command.ts';
import { chooseConnection, isReadableOnTheWay, profileName, serviceUrl } from '../connection/choose.ts';
import { profilesPath, readProfiles, writeProfiles } from '../connection/profiles.ts';
import type { Context, Globals } from '../context.ts';
import { usageError } from '../exits.ts';
import { timeText } from '../output/figures.ts';
import { readSecret } from '../secrets.ts';

export const loginCommands: Commands = (program, run) =>
  program
    .command(
      'login [address]',
      'Keeps an address and a token: typed, from standard input, or from HOLDFAST_TOKEN',
      (command) => command.positional('address', { type: 'string', describe: 'Such as https://backups.example.org' }),
      run(login),
    )
    .command('logout', 'Forgets the address and the token of a profile', {}, run(logout))
    .command('whoami', 'Shows the account and what the token may do', {}, run(whoami));

async function login(context: Context, args: Globals & { address?: string | undefined }): Promise<void> {
  const { environment } = context.surroundings;
  const path = profilesPath(environment);
  const given = args.address ?? args.url ?? environment['HOLDFAST_URL'];
  const address = given || (await context.ask('Address of the service: '));
  if (!address) throw usageError('Say where the service is: holdfast login https://backups.example.org');
  const url = serviceUrl(address);
  if (isReadableOnTheWay(url))
    context.say(`Warning: ${url} is not encrypted, so whoever is on the way can read the token.`);
  const token = await askedToken(context);
  const { data } = await context.clientTo({ url, token }).GET('/api/account');
  const name = profileName(args, environment);
  await writeProfiles(path, { ...(await readProfiles(path)), [name]: { url, token } });
  const result = { profile: name, url, account: data?.account ?? null, token: data?.token ?? null };
  context.result(result, () => `Logged in to ${url} as ${data?.token.name} of ${data?.account.name}; kept in ${path}.`);
}

async function askedToken(context: Context): Promise<string> {
  const { environment, input } = context.surroundings;
  const fromEnvironment = environment['HOLDFAST_TOKEN'];
  const token =
    fromEnvironment ||
    (await context.askHidden('Token: ')) ||
    (input.isTTY ? null : await readSecret(context, 'token', { stdin: true }));
  if (!token) throw usageError('A token is needed: type it, give it on standard input, or set HOLDFAST_TOKEN.');
  return token.trim();
}

async function logout(context: Context, args: Globals): Promise<void> {
  const { environment } = context.surroundings;
  const path = profilesPath(environment);
  const name = profileName(args, environment);
  const { [name]: forgotten, ...others } = await readProfiles(path);
  if (!forgotten) throw usageError(`There is no profile "${name}".`);
  await writeProfiles(path, others);
  context.result(
    { profile: name },
    () => `The profile "${name}" is forgotten. Its token is valid until it is revoked or ends.`,
  );
}

async function whoami(context: Context, args: Globals): Promise<void> {
  const { url } = await chooseConnection(args, context.surroundings.environment);
  const { data } = await (await context.client()).GET('/api/account');
  context.result({ url, ...data }, () =>
    context.facts([
      ['service', url],
      ['account', data?.account.name],
      ['token', data?.token.name],
      ['scopes', data?.token.scopes.join(', ')],
      ['expires', data?.token.expires_at ? timeText(data.token.expires_at) : 'never'],
    ]),
  );
}
