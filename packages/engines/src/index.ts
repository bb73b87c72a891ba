import { searchPath } from '@holdfast/shared/config';
import { HoldfastError, type Engine, type EngineType } from '@holdfast/shared/domain';
import { Clients } from './postgresql/clients.ts';
import { postgresqlEngine } from './postgresql/engine.ts';

export interface EngineSettings {
  /** Folders with PostgreSQL's client programs that go before those on the machine's search path. */
  postgresqlClients: readonly string[];
  /** How long a dump or restore waits for a lock that somebody else holds; 60 when absent. */
  lockTimeoutSeconds?: number;
}

export interface Engines {
  /** @throws HoldfastError engine_unknown */
  get(type: EngineType): Engine;
}

/** All kinds of database that can be backed up: a new one is a folder beside `postgresql` and a line here. */
export function createEngines({ postgresqlClients, lockTimeoutSeconds }: EngineSettings): Engines {
  const lockTimeoutMs = lockTimeoutSeconds === undefined ? undefined : Math.ceil(lockTimeoutSeconds * 1000);
  const engines: Readonly<Partial<Record<EngineType, Engine>>> = {
    postgresql: postgresqlEngine(new Clients([...postgresqlClients, ...searchPath()]), lockTimeoutMs),
  };
  return {
    get: (type) => {
      const engine = Object.hasOwn(engines, type) ? engines[type] : undefined;
      if (!engine)
        throw new HoldfastError('engine_unknown', `"${type}" is not a kind of database that can be backed up here.`);
      return engine;
    },
  };
}
