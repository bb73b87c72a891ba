import { parseSettings, type Settings } from '@holdfast/shared/config';
import { HoldfastError } from '@holdfast/shared/domain';
import type { State } from './state.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

const isGiven = (environment: Environment, name: string): boolean =>
  Boolean(environment[name]) || Boolean(environment[`${name}_FILE`]);

/** Whether the service's own database is one of the operator's, so that none is embedded. */
export const hasDatabase = (environment: Environment): boolean => isGiven(environment, 'DATABASE_URL');

/** Whether the operator keeps the keys, so that the state folder's own are not used. */
export const hasSecretKeys = (environment: Environment): boolean => isGiven(environment, 'HOLDFAST_SECRET_KEYS');

/**
 * The settings of the single-process mode: what the environment leaves open is taken from the state folder.
 * @param embeddedUrl the embedded database, null where the environment names another
 * @throws HoldfastError configuration with every problem, a line each
 */
export function completeSettings(environment: Environment, state: State, embeddedUrl: string | null): Settings {
  const result = parseSettings({
    HOLDFAST_LOCAL_ROOT: state.backups,
    ...(hasSecretKeys(environment) ? {} : { HOLDFAST_SECRET_KEYS_FILE: state.secretKeys }),
    ...withoutEmpty(environment),
    ...(embeddedUrl === null ? {} : { DATABASE_URL: embeddedUrl }),
  });
  if ('settings' in result) return result.settings;
  const lines = result.problems.map((problem) => `\n  - ${problem}`);
  throw new HoldfastError('configuration', `The configuration cannot be used:${lines.join('')}`);
}

/** What is empty is open, but where that is refused. */
function withoutEmpty(environment: Environment): Environment {
  const isGiven = ([name, value]: [string, string | undefined]): boolean =>
    value !== undefined && (value !== '' || name === 'HOLDFAST_BACKUP_RECIPIENTS');
  return Object.fromEntries(Object.entries(environment).filter(isGiven));
}
