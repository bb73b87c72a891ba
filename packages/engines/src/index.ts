import { searchPath } from '@holdfast/shared/config';
import { HoldfastError, type Engine, type EngineType } from '@holdfast/shared/domain';
import { Clients } from './postgresql/clients.ts';
import { postgresqlEngine } from './postgresql/engine.ts';

export interface EngineSettings {
  /** Folders with PostgreSQL's client programs that go before those on the machine's search path. */
  postgresqlClients: readonly string[];
}

export interface Engines {
  /** @throws HoldfastError engine_unknown */
  get(type: EngineType): Engine;
}

/** All kinds of database that can be backed up: a new one is a folder beside `postgresql` and a line here. */
export function createEngines({ postgresqlClients }: EngineSettings): Engines {
  const engines: Readonly<Record<EngineType, Engine>> = {
    postgresql: postgresqlEngine(new Clients([...postgresqlClients, ...searchPath()])),
  };
  return {
    get: (type) => {
      if (!Object.hasOwn(engines, type))
        throw new HoldfastError('engine_unknown', `"${type}" is not a known kind of database.`);
      return engines[type];
    },
  };
}
