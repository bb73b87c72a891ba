import type { Engine, EngineType } from '@holdfast/shared/domain';
import { serverTypes, type AgentConfig, type SourceSettings } from '../config.ts';
import { pathSource } from './path.ts';
import { serverSource } from './server.ts';
import type { Source } from './source.ts';

export type { Source } from './source.ts';
/** By the name under which the service knows them. */
export type Sources = ReadonlyMap<string, Source>;

interface Engines {
  get(type: EngineType): Engine;
}

/** All that this machine may be asked for. */
export function createSources({ sources }: AgentConfig, engines: Engines): Sources {
  return new Map(
    Object.entries(sources).flatMap(([name, settings]) =>
      sourcesOf(settings, engines).map((source) => [name, source] as const),
    ),
  );
}

/** Exactly one, by the check of the configuration. */
function sourcesOf({ directory, sqlite, ...servers }: SourceSettings, engines: Engines): Source[] {
  if (directory) return [pathSource(engines.get('files'), directory.path, { ignore: directory.ignore })];
  if (sqlite) return [pathSource(engines.get('sqlite'), sqlite.path)];
  return serverTypes.flatMap((type) => {
    const settings = servers[type];
    return settings ? [serverSource(engines.get(type), settings)] : [];
  });
}
