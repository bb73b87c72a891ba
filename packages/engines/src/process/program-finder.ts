import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { HoldfastError } from '@holdfast/shared/domain';
import { askVersion, type VersionQuestion } from './version.ts';

/** A client program that was found on this machine. */
export interface FoundProgram<Name extends string> {
  name: Name;
  path: string;
  /** `15.18` */
  version: string;
  major: number;
}

export interface FoundPrograms<Name extends string> {
  /** In the order of the folders. */
  found: FoundProgram<Name>[];
  /** Why one that might have been suitable was kept from telling its version. */
  unheard: HoldfastError | null;
}

/** Finds client programs. Looks at each search again, so that an installed program is found without a restart. */
export class ProgramFinder<Name extends string> {
  readonly #versions = new Map<string, string>();

  /** @param ask how a program is asked for its version; null for one that is not to be asked */
  async find(
    folders: readonly string[],
    names: readonly Name[],
    ask: (name: Name, path: string) => VersionQuestion | null,
    signal: AbortSignal,
  ): Promise<FoundPrograms<Name>> {
    const programs = new Map<string, FoundProgram<Name>>();
    let unheard: HoldfastError | null = null;
    for (const folder of folders) {
      for (const name of names) {
        const path = await realpath(join(folder, name)).catch(() => null);
        const question = path === null || programs.has(path) ? null : ask(name, path);
        if (path === null || question === null) continue;
        const version = this.#versions.get(path) ?? (await askVersion(question, signal));
        if (version instanceof HoldfastError) unheard = version;
        if (version === null || version instanceof HoldfastError) continue;
        this.#versions.set(path, version);
        programs.set(path, { name, path, version, major: Number.parseInt(version, 10) });
      }
    }
    return { found: [...programs.values()], unheard };
  }
}
