import { CliError, exits, usageError } from '../exits.ts';
import { profilesPath, readProfiles, type Profile } from './profiles.ts';

export interface Choice {
  profile?: string | undefined;
  url?: string | undefined;
}

export const profileName = ({ profile }: Choice, environment: NodeJS.ProcessEnv): string =>
  profile ?? (environment['HOLDFAST_PROFILE'] || 'default');

/**
 * Which service is meant, and the token for it: from the environment, else from the profile.
 * @throws CliError when there is none, and when a kept token would go to another address than it was kept for
 */
export async function chooseConnection(choice: Choice, environment: NodeJS.ProcessEnv): Promise<Profile> {
  const asked = choice.url ?? (environment['HOLDFAST_URL'] || undefined);
  const url = asked === undefined ? undefined : serviceUrl(asked);
  const token = environment['HOLDFAST_TOKEN'] || undefined;
  if (url !== undefined && token !== undefined) return { url, token };
  const name = profileName(choice, environment);
  const kept = (await readProfiles(profilesPath(environment)))[name];
  if (!kept) {
    throw new CliError(
      exits.refused,
      `There is no profile "${name}": \`holdfast login\` makes it; HOLDFAST_URL and HOLDFAST_TOKEN do without.`,
    );
  }
  if (token !== undefined) return { url: kept.url, token };
  if (url !== undefined && url !== kept.url) {
    throw new CliError(
      exits.refused,
      `The token of the profile "${name}" is for ${kept.url} and is not sent to ${url}: log in there under another --profile.`,
    );
  }
  return kept;
}

/** An address as it is kept. @throws CliError usage */
export function serviceUrl(text: string): string {
  const url = URL.parse(/^[a-z]+:\/\//i.test(text) ? text : `https://${text}`);
  if (!url || !/^https?:$/.test(url.protocol)) throw usageError('The address must be an http:// or https:// URL.');
  if (url.username !== '' || url.password !== '')
    throw usageError('The address must not contain a user or a password.');
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
}

/** Whether a token would be sent there for everybody on the way to read. */
export function isReadableOnTheWay(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === 'http:' && !/^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname);
}
