import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { HoldfastError } from '@holdfast/shared/domain';
import { runCommand } from '../process/index.ts';
import type { ServerLook } from './look.ts';

export type ClientName = 'redis-cli' | 'valkey-cli';

/** A client program that was found on this machine. */
export interface Client {
  name: ClientName;
  path: string;
  /** `7.0.15` */
  version: string;
}

const askSeconds = 10;
/** The first that knows users and takes passwords from its environment. */
const leastMajor = 6;
const preferred: Readonly<Record<ServerLook['product'], readonly ClientName[]>> = {
  redis: ['redis-cli', 'valkey-cli'],
  valkey: ['valkey-cli', 'redis-cli'],
};

/**
 * Finds `redis-cli` and `valkey-cli`. Both only pass on what a server sends, so each can dump any version of either server; the
 * server's own is preferred. Looks at each choice again, so that an installed program is found without a restart.
 */
export class RedisClients {
  readonly #folders: readonly string[];
  readonly #versions = new Map<string, string>();

  /** @param folders where to look, the most preferred first */
  constructor(folders: readonly string[]) {
    this.#folders = folders;
  }

  /** @throws HoldfastError client_missing, client_too_old; dump_killed or timed_out when one was kept from telling its version */
  async choose({ product, shownVersion }: ServerLook, signal: AbortSignal): Promise<Client> {
    let old: Client | null = null;
    for (const name of preferred[product]) {
      for (const folder of this.#folders) {
        const path = await realpath(join(folder, name)).catch(() => null);
        if (path === null) continue;
        const version = this.#versions.get(path) ?? (await askVersion(name, path, signal));
        if (version === null) continue;
        this.#versions.set(path, version);
        const client = { name, path, version };
        if (Number.parseInt(version, 10) >= leastMajor) return client;
        old ??= client;
      }
    }
    const title = product === 'valkey' ? 'Valkey' : 'Redis';
    const server = `The server is ${title} ${shownVersion.replace(' (Valkey)', '')}`;
    const install =
      'install redis-tools or valkey-tools on the machine of the worker, or name the folder of redis-cli in HOLDFAST_CLIENTS';
    if (!old) {
      throw new HoldfastError(
        'client_missing',
        `${server}, but neither redis-cli nor valkey-cli was found: ${install}.`,
      );
    }
    throw new HoldfastError(
      'client_too_old',
      `${server}, but the ${old.name} found is ${old.version}, and passwords are safe from ${leastMajor}.0 on: ${install}.`,
    );
  }
}

/** @returns null for a program that is another */
async function askVersion(name: ClientName, path: string, signal: AbortSignal): Promise<string | null> {
  const limit = AbortSignal.timeout(askSeconds * 1000);
  const end = await runCommand({
    program: path,
    args: ['--version'],
    env: {},
    secrets: [],
    signal: AbortSignal.any([signal, limit]),
  });
  signal.throwIfAborted();
  if (limit.aborted) throw new HoldfastError('timed_out', `${name} did not tell its version in ${askSeconds} s.`);
  if (end.signal)
    throw new HoldfastError('dump_killed', `${name} was ended by ${end.signal} before it told its version.`);
  return /^(?:redis|valkey)-cli (\d+[\w.]*)/.exec(end.output)?.[1] ?? null;
}
