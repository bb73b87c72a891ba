import type { EngineContext } from '@holdfast/shared/domain';
import type { RedisClients } from './clients.ts';

/** What all work on a server is given. */
export interface RedisContext extends EngineContext {
  clients: RedisClients;
}
