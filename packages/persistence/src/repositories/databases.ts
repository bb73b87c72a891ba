import type { Database, Hooks, Objectives } from '@holdfast/shared/domain';

export type NewDatabase = Omit<
  Database,
  | 'id'
  | 'accountId'
  | 'serverId'
  | 'hooks'
  | 'objectives'
  | 'policyId'
  | 'vanishedAt'
  | 'vanishExpected'
  | 'createdAt'
  | 'updatedAt'
> & {
  /** Absent: none. */
  hooks?: Hooks | null;
  /** Absent: none. */
  objectives?: Objectives | null;
  /** The remote server that backs it up; absent: our workers. */
  serverId?: number | null;
};

/** How many of each kind keep a database from being deleted. */
export interface DatabaseObstacles {
  /** Whatever their state, until their objects are removed. */
  backups: number;
  /** That wait or run. */
  restores: number;
  /** Ended restores whose former content is still on the server. */
  kept: number;
  /** On its server, that wait or run. */
  verifications: number;
  /** Of other databases, that verify on its server. */
  schedules: number;
}

export interface DatabaseRepository {
  /** @returns `name_taken` when the account has a database of that name */
  create(accountId: number, database: NewDatabase): Promise<Database | 'name_taken'>;
  find(id: string): Promise<Database | null>;
  /** By id or by name. */
  findOwned(accountId: number, idOrName: string): Promise<Database | null>;
  list(accountId: number): Promise<Database[]>;
  /**
   * @returns null when it is unknown; `other_reach` when it would be reached in two ways, as another change came first
   */
  update(
    accountId: number,
    id: string,
    change: Partial<NewDatabase>,
  ): Promise<Database | 'name_taken' | 'other_reach' | null>;
  /** @returns how much stands in the way (nothing is deleted then), or 0 when it was deleted; null when unknown */
  delete(accountId: number, id: string): Promise<number | null>;
  /** What stands in the way of deleting one. */
  obstacles(accountId: number, id: string): Promise<DatabaseObstacles>;
}
