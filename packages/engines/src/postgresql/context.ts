import type { EngineContext } from '@holdfast/shared/domain';

/** What all work on a server is given. */
export interface PostgresContext extends EngineContext {
  /** How long a statement of ours waits for a lock that somebody else holds. */
  lockTimeoutMs: number;
}

export const usualLockTimeoutMs = 60_000;
