import type { Database, Judgement, ServiceName, ServiceState } from '@holdfast/shared/domain';

export interface Heartbeat {
  service: ServiceName;
  /** Another one for each process and start. */
  instance: string;
  version: string;
}

export interface ServiceRepository {
  /**
   * Records by the database's clock that a process lives. What was not heard for a day is forgotten, but for the newest of its service.
   * One that stops says nothing: the last one to go is missed, whether it was asked to or not.
   */
  beat(heartbeat: Heartbeat): Promise<void>;
  /** Each service that has to run. */
  list(): Promise<ServiceState[]>;
}

export interface DatabaseProtection extends Judgement {
  database: Pick<Database, 'id' | 'name' | 'type'>;
  /** Since when the sentinel finds it in that state; null: it has not looked since it is. */
  since: Date | null;
}

export interface ProtectionRepository {
  /**
   * Judges the databases of an account by what is so now, by their names. One that cannot be judged is `unknown` and says why.
   * @param databaseId that one alone
   */
  of(accountId: number, databaseId?: string): Promise<DatabaseProtection[]>;
  /**
   * Judges every database and records what changed, for alerts and for `since`.
   * @throws AggregateError, after all other accounts had their turn, with what failed
   */
  record(): Promise<void>;
}
