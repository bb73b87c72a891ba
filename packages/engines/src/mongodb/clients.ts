import { HoldfastError } from '@holdfast/shared/domain';
import { ProgramFinder, type FoundProgram, type VersionQuestion } from '../process/index.ts';

export type ClientName = 'mongodump' | 'mongorestore';

/** A client program that was found on this machine. */
export type Client = FoundProgram<ClientName>;

/** Since then the programs have versions of their own, from 100 on; before, they had the server's. */
const ownVersions = 100;
/** The last server whose programs had its version. */
const lastShared = [4, 2] as const;

const versionLine = /^(?:mongodump|mongorestore) version: r?(\d+\.\d+[\w.-]*)/m;

/** Finds MongoDB's client programs. Looks at each choice again, so that an installed program is found without a restart. */
export class MongodbClients {
  readonly #folders: readonly string[];
  readonly #finder = new ProgramFinder<ClientName>();

  /** @param folders where to look, the most preferred first */
  constructor(folders: readonly string[]) {
    this.#folders = folders;
  }

  /**
   * @param server the version of the server
   * @throws HoldfastError client_missing, client_too_old; dump_killed, restore_killed or timed_out when a program that might
   * have been suitable was kept from telling its version
   */
  async choose(name: ClientName, server: string, signal: AbortSignal): Promise<Client> {
    const { found, unheard } = await this.#finder.find(this.#folders, [name], question, signal);
    try {
      return chooseClient(name, found, server);
    } catch (error) {
      throw unheard ?? error;
    }
  }
}

function question(name: ClientName, path: string): VersionQuestion {
  return { name, path, pattern: versionLine, killed: name === 'mongorestore' ? 'restore_killed' : 'dump_killed' };
}

/** Picks the newest: each newer program reads what the older ones do. */
function chooseClient(name: ClientName, found: readonly Client[], server: string): Client {
  const newest = found.reduce<Client | undefined>(
    (best, client) => (best && compare(best.version, client.version) >= 0 ? best : client),
    undefined,
  );
  const install =
    'install the MongoDB Database Tools on the machine of the worker, or name their folder in HOLDFAST_CLIENTS';
  if (!newest) throw new HoldfastError('client_missing', `There is no ${name} on this machine: ${install}.`);
  const isOwn = numbers(newest.version)[0] >= ownVersions;
  const isShared = compare(server, `${lastShared.join('.')}.99`) <= 0 && compare(newest.version, majorOf(server)) >= 0;
  if (isOwn || isShared) return newest;
  throw new HoldfastError(
    'client_too_old',
    `The newest ${name} on this machine is ${newest.version}, and the server is MongoDB ${server}: ${install} (version ${ownVersions} or later).`,
  );
}

const majorOf = (version: string): string => numbers(version).slice(0, 2).join('.');

function numbers(version: string): [number, number, number] {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map((part) => Number.parseInt(part, 10) || 0);
  return [major, minor, patch];
}

function compare(a: string, b: string): number {
  const theirs = numbers(b);
  return (
    numbers(a)
      .map((number, at) => number - (theirs[at] ?? 0))
      .find((difference) => difference !== 0) ?? 0
  );
}
