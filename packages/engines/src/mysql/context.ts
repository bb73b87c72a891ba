import type { EngineContext } from '@holdfast/shared/domain';
import type { MysqlClients } from './clients.ts';
import type { Flavour } from './flavour.ts';

/** What all the engine's work goes with. */
export interface MysqlContext extends EngineContext {
  flavour: Flavour;
  clients: MysqlClients;
  /** How long a statement waits for a lock that somebody else holds. */
  lockTimeoutMs: number;
}
