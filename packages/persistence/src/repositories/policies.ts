import type {
  Backup,
  ListedDatabase,
  PolicyMember,
  PolicyRun,
  Restore,
  RunCounts,
  ServerPolicy,
} from '@holdfast/shared/domain';
import type { NewRestore } from './restores.ts';
import type { WorkRepository } from './work.ts';

export type NewPolicy = Omit<
  ServerPolicy,
  'id' | 'accountId' | 'objectives' | 'nextRunAt' | 'lastRunAt' | 'createdAt' | 'updatedAt'
> & {
  /** Absent: none. */
  objectives?: ServerPolicy['objectives'];
};

/** What a policy and all that it covers is told by a change; its kind of server stays. */
export type PolicyChange = Partial<Omit<NewPolicy, 'type'>>;

/** What became of a time of a policy that was due: a run, or none as the run before it had not begun its backups yet. */
export interface TakenTime {
  policyId: string;
  scheduledFor: Date;
  runId: string | null;
  /** Times that passed while nobody was there, and that this one makes up for. */
  missed: number;
}

export interface PolicyRepository {
  /** @throws HoldfastError configuration, when the destination or the scratch database is not the account's */
  create(accountId: number, policy: NewPolicy): Promise<ServerPolicy | 'name_taken'>;
  find(id: string): Promise<ServerPolicy | null>;
  /** By id or by name. */
  findOwned(accountId: number, idOrName: string): Promise<ServerPolicy | null>;
  /** Newest first. */
  list(accountId: number): Promise<ServerPolicy[]>;
  /** Everything that it covers follows in the same transaction. @throws HoldfastError as `create` does */
  update(accountId: number, id: string, change: PolicyChange): Promise<ServerPolicy | 'name_taken' | null>;
  /** Its runs go with it. Its databases stay, by themselves, with their backups and with their schedules switched off. */
  delete(accountId: number, id: string): Promise<boolean>;
  /** In the order of their names on the server. */
  members(policyId: string): Promise<PolicyMember[]>;
  /** Records what somebody says of a database that vanished. @returns null when it is not one of the policy's that did */
  answerVanished(policyId: string, databaseId: string, expected: boolean): Promise<PolicyMember | null>;
  /**
   * Takes the due times of up to `limit` policies (`FOR UPDATE SKIP LOCKED`), each in a transaction that makes one run for
   * all times that have passed. Any number of schedulers may call it at once: each time is taken once.
   * @throws AggregateError, after all others had their turn, with what failed
   */
  takeDue(limit: number, maxFailures: number): Promise<TakenTime[]>;
}

export interface NewRun {
  id?: string | undefined;
  policyId: string;
  requestId: string | null;
  maxFailures: number;
}

/** What a look at a server found, and which server that was. */
export interface Listing {
  server: Pick<ServerPolicy, 'type' | 'host' | 'port' | 'user'>;
  databases: readonly ListedDatabase[];
  /** For the backups that it leads to. */
  maxFailures: number;
}

/** What settling a run led to; `changed`: nothing, as the policy leads to another server by now and the run begins anew. */
export type Settled = 'settled' | 'stale' | 'changed';

/** One database of a run that is restored. */
export type RunRestorePart = Pick<NewRestore, 'backupId' | 'databaseId' | 'target' | 'fileIds'> & {
  /** Its name on its server. */
  database: string;
};

/** What of a run is restored together, and how. */
export type RunRestore = Pick<NewRestore, 'ownership' | 'requestId' | 'maxFailures' | 'allowDamaged' | 'keepHours'> & {
  /** Known beforehand where a repeated request must find what the first one made. */
  groupId?: string | undefined;
  accountId: number;
  /** The policy on whose server it is restored, where databases that it does not know are registered; null: each onto its own. */
  intoPolicyId: string | null;
  /** The first one brings the server's globals, where any does. */
  parts: readonly RunRestorePart[];
  /** Whether the others wait until the first has ended. */
  firstBefore: boolean;
};

export interface PolicyRunRepository extends WorkRepository<PolicyRun> {
  /** Asks for a run now, or finds the one of that id. @returns `busy` while one waits for its list; null when the policy is unknown */
  create(run: NewRun): Promise<PolicyRun | 'busy' | null>;
  findOwned(accountId: number, policyId: string, id: string): Promise<PolicyRun | null>;
  /** Newest first; those made before `before` where it is given. */
  listOfPolicy(policyId: string, page: { limit: number; before: Date | null }): Promise<PolicyRun[]>;
  /** Of each run; absent where it has no backups. */
  counts(ids: readonly string[]): Promise<Map<string, RunCounts>>;
  /** Those that nobody asked to delete, in the order of the databases on the server. */
  backupsOf(runId: string): Promise<Backup[]>;
  /**
   * Brings what the policy covers in line with what is on the server and makes the run's backups, in one transaction: a new
   * database is registered, one that is gone is marked as vanished, and one that the patterns leave out by now stays by itself.
   */
  settle(id: string, attempt: number, listing: Listing): Promise<Settled>;
  /**
   * Ends a run with all of its backups: what waits at once, what runs as `requestCancel` does. May be repeated.
   * @returns false when nothing of it waited or ran any more
   */
  cancel(id: string): Promise<boolean>;
  /**
   * Inserts the restores of a run, all or none, or finds those of that group.
   * @returns the name of the database onto which another restore waits or runs as `busy`, or of which the backup is gone
   */
  restore(wanted: RunRestore): Promise<Restore[] | { busy: string } | { gone: string } | null>;
  /** Of backups of a run, newest first. */
  restoresOf(runId: string): Promise<Restore[]>;
  /** Removes up to `limit` runs that ended more than 400 days ago and have no backup any more. @returns how many it removed */
  forgetOld(limit: number): Promise<number>;
}
