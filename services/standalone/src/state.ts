import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { isRoot, reachableByOthers } from '@holdfast/embedded';
import { HoldfastError } from '@holdfast/shared/domain';

/** Everything that the single-process mode keeps, below one folder. */
export interface State {
  /** The embedded PostgreSQL. */
  postgres: string;
  /** The key that seals the stored secrets. */
  secretKeys: string;
  /** The objects of destinations of type `local`. */
  backups: string;
}

/** Where everything is kept unless somebody says otherwise. */
export function defaultState(environment: Readonly<Record<string, string | undefined>>): string {
  if (isRoot()) return '/var/lib/holdfast';
  return join(environment['XDG_STATE_HOME'] || join(homedir(), '.local/state'), 'holdfast');
}

/**
 * Makes what is missing of the state folder. The folders are closed to other users; run by root they let the user through
 * that PostgreSQL then runs as.
 * @throws HoldfastError configuration when that user could not reach the folder
 */
export function openState(stateDir: string): State {
  const state = {
    postgres: join(stateDir, 'postgres'),
    secretKeys: join(stateDir, 'secret.keys'),
    backups: join(stateDir, 'backups'),
  };
  const through = isRoot() ? 0o711 : 0o700;
  makeFolder(stateDir, through);
  if (isRoot() && !reachableByOthers(stateDir)) {
    throw new HoldfastError(
      'configuration',
      `PostgreSQL does not run as root, and the user it runs as instead cannot reach ${stateDir}: choose a state folder whose parents are open to others, such as /var/lib/holdfast.`,
    );
  }
  makeFolder(state.postgres, through);
  makeFolder(state.backups, 0o700);
  if (!existsSync(state.secretKeys)) createSecretKeys(state.secretKeys);
  return state;
}

function makeFolder(path: string, mode: number): void {
  if (existsSync(path)) return;
  mkdirSync(path, { recursive: true });
  chmodSync(path, mode);
}

/**
 * Appears whole or not at all: half a key would lock the stored secrets up for ever. Where another one sealed what is in the
 * database, the start says so, and that one can be put behind this one: no two have the same id.
 */
function createSecretKeys(path: string): void {
  const partial = `${path}.${process.pid}`;
  writeFileSync(partial, `${newSecretKey()}\n`, { mode: 0o600, flush: true });
  linkSync(partial, path);
  rmSync(partial);
}

/** An entry for HOLDFAST_SECRET_KEYS. */
export const newSecretKey = (): string => `k${randomBytes(4).toString('hex')}:${randomBytes(32).toString('base64')}`;

/** Replaces the keys of a state folder, whole or not at all. @param entries the one that seals first */
export function writeSecretKeys(path: string, entries: readonly string[]): void {
  const partial = `${path}.${process.pid}`;
  writeFileSync(partial, `${entries.join('\n')}\n`, { mode: 0o600, flush: true });
  renameSync(partial, path);
}

/** The keys of a state folder, the one that seals first. */
export const readSecretKeys = (path: string): string[] =>
  readFileSync(path, 'utf8')
    .split(/[\s,]+/)
    .filter((entry) => entry !== '');
