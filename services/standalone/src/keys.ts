import { existsSync } from 'node:fs';
import { describeKeys, forgetSecrets, rotateKeys } from '@holdfast/api';
import { startEmbeddedPostgres } from '@holdfast/embedded';
import { openPersistence, type Persistence } from '@holdfast/persistence';
import { HoldfastError } from '@holdfast/shared/domain';
import { lockFolder, Parts, systemIds } from '@holdfast/shared/lifecycle';
import type { Logger } from '@holdfast/shared/observability';
import { SecretBox } from '@holdfast/shared/security';
import { completeSettings, hasDatabase, hasSecretKeys, type Environment } from './settings.ts';
import { databaseName } from './standalone.ts';
import { newSecretKey, openState, readSecretKeys, writeSecretKeys, type State } from './state.ts';

export interface KeysOptions {
  stateDir: string;
  environment: Environment;
  logger: Logger;
}

/** What the keys of an installation seal and open, in lines for people. */
export function showKeys(options: KeysOptions): Promise<string[]> {
  return withInstallation(options, (open) => open(({ secrets }) => describeKeys(secrets)));
}

/**
 * Seals all stored secrets of an installation with a new key. Where the state folder keeps the keys, that is all of it: the
 * new key is made, used and alone kept, and a rotation that was interrupted goes on. Where the environment has them, its first
 * one is the new key.
 * @returns what was done and what to do next, in lines for people
 */
export function rotate(options: KeysOptions): Promise<string[]> {
  return withInstallation(options, async (open, { secretKeys: file }) => {
    if (hasSecretKeys(options.environment)) return await open(rotateKeys);
    const keys = readSecretKeys(file);
    // Several are there only where a rotation was interrupted. Both are kept until nothing needs the older one.
    if (keys.length === 1) writeSecretKeys(file, [newSecretKey(), ...keys]);
    const [resealed = ''] = await open(rotateKeys);
    writeSecretKeys(file, readSecretKeys(file).slice(0, 1));
    return [resealed, `The key is in ${file}: keep a copy elsewhere. The one before it opens nothing any more.`];
  });
}

/** Marks stored secrets that no key opens as forgotten; without `yes` it counts them. @returns lines for people */
export function forget(options: KeysOptions, yes: boolean): Promise<string[]> {
  return withInstallation(options, (open) => open((persistence) => forgetSecrets(persistence, yes)));
}

type Open = (work: (persistence: Persistence) => Promise<string[]>) => Promise<string[]>;

/** @throws HoldfastError configuration, when there is no installation or its service runs */
async function withInstallation(
  { stateDir, environment, logger }: KeysOptions,
  work: (open: Open, state: State) => Promise<string[]>,
): Promise<string[]> {
  const parts = new Parts(logger);
  try {
    const state = openInstallation(stateDir, environment);
    let url: string | null = null;
    if (!hasDatabase(environment)) {
      const unlock = lockFolder(stateDir, 'Holdfast');
      parts.add('lock', { stop: async () => unlock() });
      const postgres = await startEmbeddedPostgres({ dataDir: state.postgres, databases: [databaseName] });
      parts.add('postgresql', postgres);
      url = postgres.url(databaseName);
    }
    const open: Open = async (use) => {
      const { HOLDFAST_SECRET_KEYS: keys, DATABASE_URL } = completeSettings(environment, state, url);
      const box = new SecretBox(keys);
      const persistence = await openPersistence({ url: DATABASE_URL, box, ids: systemIds, poolSize: 1 });
      try {
        return await use(persistence);
      } finally {
        await persistence.close();
      }
    };
    return await work(open, state);
  } finally {
    await parts.stop();
  }
}

function openInstallation(stateDir: string, environment: Environment): State {
  const isWholeElsewhere = hasDatabase(environment) && hasSecretKeys(environment);
  if (!isWholeElsewhere && !existsSync(stateDir)) {
    throw new HoldfastError(
      'configuration',
      `There is no installation in ${stateDir}: name its folder with --state, or set DATABASE_URL and HOLDFAST_SECRET_KEYS.`,
    );
  }
  return openState(stateDir);
}
