import { HoldfastError } from '@holdfast/shared/domain';
import { ProgramFinder, type FoundProgram, type VersionQuestion } from '../process/index.ts';
import { versionQuestion, type Flavour } from './flavour.ts';
import type { ServerVersion } from './session.ts';

/** A client program that was found on this machine. */
export type Client = FoundProgram<string>;

/** Finds the client programs of a flavour. Looks at each choice again, so that an installed program is found without a restart. */
export class MysqlClients {
  readonly #folders: readonly string[];
  readonly #finder = new ProgramFinder<string>();

  /** @param folders where to look, the most preferred first */
  constructor(folders: readonly string[]) {
    this.#folders = folders;
  }

  /**
   * The program of the server's own major, or else the newest: an older one does not know what a newer server has.
   * @throws HoldfastError client_missing, client_too_old; dump_killed, restore_killed or timed_out when a program that might
   * have been suitable was kept from telling its version
   */
  async choose(
    flavour: Flavour,
    kind: keyof Flavour['programs'],
    server: ServerVersion,
    signal: AbortSignal,
  ): Promise<Client> {
    const ask = (name: string, path: string): VersionQuestion => versionQuestion(flavour, name, path);
    const { found, unheard } = await this.#finder.find(this.#folders, flavour.programs[kind], ask, signal);
    const newest = newestOf(found);
    const chosen = found.find(({ major }) => major === server.major) ?? newest;
    if (chosen && chosen.major >= server.major) return chosen;
    if (unheard) throw unheard;
    const { product, programs, install } = flavour;
    const help = `install ${install} ${server.major} or later on the machine of the worker, or name its folder in HOLDFAST_CLIENTS`;
    const needed = `The server is ${product} ${server.version}`;
    if (!newest)
      throw new HoldfastError(
        'client_missing',
        `${needed}, but no ${programs[kind][0]} of ${product} was found: ${help}.`,
      );
    throw new HoldfastError(
      'client_too_old',
      `${needed}, but the newest ${newest.name} found is ${newest.version}: ${help}.`,
    );
  }
}

const newestOf = (found: readonly Client[]): Client | undefined =>
  found.reduce<Client | undefined>((best, client) => (best && best.major >= client.major ? best : client), undefined);
