import { glob } from 'node:fs/promises';
import { basename } from 'node:path';
import { HoldfastError } from '@holdfast/shared/domain';
import { ProgramFinder, type FoundProgram, type VersionQuestion } from '../process/index.ts';

export type ClientName = 'pg_dump' | 'pg_dumpall' | 'pg_restore' | 'psql';

/** A client program that was found on this machine. */
export type Client = FoundProgram<ClientName>;

/** What a client must be able to deal with. */
export interface ClientNeeds {
  /** Version and major of the server that it talks to; null when it talks to none. */
  server: { version: string; major: number } | null;
  /** Major of the program that wrote the archive to be read, when that is known. */
  archiveMajor?: number | null | undefined;
}

const installFolders = ['/usr/lib/postgresql/*/bin', '/usr/pgsql-*/bin'];

/** Finds PostgreSQL's client programs. Looks at each choice again, so that an installed program is found without a restart. */
export class Clients {
  readonly #folders: readonly string[];
  readonly #patterns: readonly string[];
  readonly #finder = new ProgramFinder<ClientName>();

  /**
   * @param folders where to look first, the most preferred first
   * @param patterns further folders, as globs
   */
  constructor(folders: readonly string[], patterns: readonly string[] = installFolders) {
    this.#folders = folders;
    this.#patterns = patterns;
  }

  /**
   * @throws HoldfastError client_missing, client_too_old; dump_killed, restore_killed or timed_out when a program that might
   * have been suitable was kept from telling its version
   */
  async choose(name: ClientName, needs: ClientNeeds, signal: AbortSignal): Promise<Client> {
    const folders = [...this.#folders];
    for (const pattern of this.#patterns) for await (const folder of glob(pattern)) folders.push(folder);
    const { found, unheard } = await this.#finder.find(folders, [name], question, signal);
    try {
      return chooseClient(name, found, needs);
    } catch (error) {
      throw unheard ?? error;
    }
  }
}

/**
 * Picks the client of the server's own major, or else the newest one: an older client cannot read a newer server, and the
 * archive of a newer client may hold settings that an older server does not know.
 * @param found the more preferred first among equals
 */
export function chooseClient(name: ClientName, found: readonly Client[], needs: ClientNeeds): Client {
  const { server, archiveMajor } = needs;
  const least = Math.max(server?.major ?? 0, archiveMajor ?? 0);
  const suitable = found.filter(({ major }) => major >= least);
  const newest = (list: readonly Client[]): Client | undefined =>
    list.reduce<Client | undefined>((best, client) => (best && best.major >= client.major ? best : client), undefined);
  const chosen = suitable.find(({ major }) => major === server?.major) ?? newest(suitable);
  if (chosen) return chosen;

  const install = `install postgresql-client${least > 0 ? `-${least}` : ''} on the machine of the worker, or name its folder in HOLDFAST_CLIENTS`;
  const present = newest(found);
  const reason =
    server !== null && least === server.major
      ? `The server is PostgreSQL ${server.version}`
      : `The archive was made by pg_dump${least > 0 ? ` ${least}` : ''}`;
  if (!present) throw new HoldfastError('client_missing', `${reason}, but no ${name} was found: ${install}.`);
  throw new HoldfastError(
    'client_too_old',
    `${reason}, but the newest ${name} found is ${present.version}: ${install}.`,
  );
}

function question(name: ClientName, path: string): VersionQuestion | null {
  // Debian's wrapper chooses a program by rules of its own; what it would choose from is in the folders already.
  if (basename(path) === 'pg_wrapper') return null;
  return {
    name,
    path,
    pattern: /\(PostgreSQL\) (\d+[\w.]*)/,
    killed: name.startsWith('pg_dump') ? 'dump_killed' : 'restore_killed',
  };
}
