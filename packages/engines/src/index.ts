import { searchPath } from '@holdfast/shared/config';
import { HoldfastError, type Engine, type EngineType } from '@holdfast/shared/domain';
import { filesEngine } from './files/engine.ts';
import { MysqlClients } from './mysql/clients.ts';
import { mysqlEngine } from './mysql/engine.ts';
import { mariadb, mysql } from './mysql/flavour.ts';
import { MongodbClients } from './mongodb/clients.ts';
import { mongodbEngine } from './mongodb/engine.ts';
import { Clients } from './postgresql/clients.ts';
import { postgresqlEngine } from './postgresql/engine.ts';
import { sqliteEngine } from './sqlite/engine.ts';
import { RedisClients } from './redis/clients.ts';
import { redisEngine } from './redis/engine.ts';

export interface EngineSettings {
  /** Folders with client programs that go before those on the machine's search path. */
  clientFolders: readonly string[];
  /** How long a dump or restore waits for a lock that somebody else holds; 60 when absent. */
  lockTimeoutSeconds?: number;
  /** Folders in which databases that are paths may lie; none when absent. */
  fileRoots?: readonly string[];
}

/** What every engine is made of. */
export interface EngineTools {
  /** Where client programs are, the most preferred first. */
  folders: readonly string[];
  lockTimeoutMs: number;
  fileRoots: readonly string[];
}

export interface Engines {
  /** The kinds of databases that there is an engine for. */
  readonly types: readonly EngineType[];
  /** @throws HoldfastError engine_unknown */
  get(type: EngineType): Engine;
}

/** All kinds of database that can be backed up: a new one is a folder beside `postgresql` and a line here. */
const makers: Readonly<Partial<Record<EngineType, (tools: EngineTools) => Engine>>> = {
  files: ({ fileRoots }) => filesEngine(fileRoots),
  mariadb: ({ folders, lockTimeoutMs }) => mysqlEngine(mariadb, new MysqlClients(folders), lockTimeoutMs),
  mysql: ({ folders, lockTimeoutMs }) => mysqlEngine(mysql, new MysqlClients(folders), lockTimeoutMs),
  mongodb: ({ folders }) => mongodbEngine(new MongodbClients(folders)),
  postgresql: ({ folders, lockTimeoutMs }) => postgresqlEngine(new Clients(folders), lockTimeoutMs),
  sqlite: ({ fileRoots, lockTimeoutMs }) => sqliteEngine(fileRoots, lockTimeoutMs),
  redis: ({ folders }) => redisEngine(new RedisClients(folders)),
};

export function createEngines({ clientFolders, lockTimeoutSeconds = 60, fileRoots = [] }: EngineSettings): Engines {
  const tools: EngineTools = {
    folders: [...clientFolders, ...searchPath()],
    lockTimeoutMs: Math.ceil(lockTimeoutSeconds * 1000),
    fileRoots,
  };
  const engines = new Map(Object.entries(makers).map(([type, make]) => [type, make(tools)] as const));
  return {
    types: [...engines.keys()] as EngineType[],
    get: (type) => {
      const engine = engines.get(type);
      if (!engine)
        throw new HoldfastError('engine_unknown', `"${type}" is not a kind of database that can be backed up here.`);
      return engine;
    },
  };
}
