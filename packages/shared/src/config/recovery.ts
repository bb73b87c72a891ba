import type { EngineType } from '../domain/engine.ts';
import { HoldfastError } from '../domain/errors.ts';
import { Secret } from '../domain/secret.ts';
import { identities } from './age-keys.ts';

/** What the recovery command takes from its environment: the variables that the tools of S3 and of each database read. */
export interface RecoveryEnvironment {
  accessKey: Secret | null;
  secretKey: Secret | null;
  /** Of credentials that are temporary, which stores cannot be opened with. */
  hasSessionToken: boolean;
  region: string | null;
  /** Of PostgreSQL, like `port` and `user`: where others are cannot be told from there. */
  host: string | null;
  port: string | null;
  user: string | null;
  passwords: Readonly<Partial<Record<EngineType, Secret | null>>>;
  /** Path of a file with passwords of PostgreSQL, as libpq reads it; null where there is no home folder either. */
  passwordFile: string | null;
  clientFolders: string[];
}

export function loadRecoveryEnvironment(): RecoveryEnvironment {
  return recoveryEnvironment(process.env);
}

export function recoveryEnvironment(environment: NodeJS.ProcessEnv): RecoveryEnvironment {
  const given = (name: string): string | null => environment[name] || null;
  const secret = (name: string): Secret | null => (environment[name] ? new Secret(environment[name]) : null);
  const home = given('HOME');
  return {
    accessKey: secret('AWS_ACCESS_KEY_ID'),
    secretKey: secret('AWS_SECRET_ACCESS_KEY'),
    hasSessionToken: given('AWS_SESSION_TOKEN') !== null,
    region: given('AWS_REGION') ?? given('AWS_DEFAULT_REGION'),
    host: given('PGHOST'),
    port: given('PGPORT'),
    user: given('PGUSER'),
    passwords: {
      postgresql: secret('PGPASSWORD'),
      mysql: secret('MYSQL_PWD'),
      mariadb: secret('MYSQL_PWD'),
      redis: secret('REDISCLI_AUTH'),
    },
    passwordFile: given('PGPASSFILE') ?? (home && `${home}/.pgpass`),
    clientFolders: (given('HOLDFAST_CLIENTS') ?? '').split(',').filter((folder) => folder !== ''),
  };
}

/**
 * The private keys in the text of a file, as `age-keygen` writes it.
 * @throws HoldfastError configuration; the message shows nothing of the text
 */
export function identitiesIn(text: string, path: string): Secret[] {
  const parsed = identities.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new HoldfastError('configuration', `The file ${path} ${parsed.error.issues[0]?.message ?? 'holds no key'}.`);
}
