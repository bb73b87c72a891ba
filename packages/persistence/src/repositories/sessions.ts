import type { ApiToken, Secret, Session } from '@holdfast/shared/domain';

export interface SessionRepository {
  /** Begins a session of a token. @returns its secret, which is stored nowhere and goes to the browser alone */
  create(token: ApiToken): Promise<{ session: Session; secret: Secret }>;
  /**
   * Finds a session that has not expired and whose token is neither expired nor revoked, and prolongs it (at most once a
   * minute), to its longest time at most.
   */
  authenticate(secret: Secret): Promise<{ session: Session; token: ApiToken } | null>;
  /** Ends a session at once. */
  end(id: string): Promise<void>;
  /** Which of these sessions and tokens still let anybody in. Prolongs nothing. */
  stillValid(sessionIds: readonly string[], tokenIds: readonly string[]): Promise<Set<string>>;
}
