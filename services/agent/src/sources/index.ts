import type { Engine, EngineType } from '@holdfast/shared/domain';
import type { Logger } from '@holdfast/shared/observability';
import type { AgentConfig } from '../config.ts';
import { directorySource } from './directory/index.ts';
import { postgresqlSource } from './postgresql.ts';
import type { Source } from './source.ts';

export type { Source } from './source.ts';
/** By the name under which the service knows them. */
export type Sources = ReadonlyMap<string, Source>;

/** All that this machine may be asked for. */
export function createSources(
  { sources }: AgentConfig,
  { engines, logger }: { engines: { get(type: EngineType): Engine }; logger: Logger },
): Sources {
  const all = new Map<string, Source>();
  for (const [name, { postgresql, directory }] of Object.entries(sources)) {
    if (postgresql) all.set(name, postgresqlSource(engines.get('postgresql'), postgresql));
    if (directory) all.set(name, directorySource(directory, logger.child({ source: name })));
  }
  return all;
}
