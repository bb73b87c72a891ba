import { noDatabaseName, type DatabaseOptions } from './database.ts';
import type { EngineType } from './engine.ts';
import { HoldfastError, type PublicError } from './errors.ts';
import type { Objectives } from './objectives.ts';
import type { RetentionPolicy } from './schedule.ts';
import type { Secret } from './secret.ts';
import { isScratchDatabase, type VerificationPolicy } from './verification.ts';
import type { WorkState, WorkStatus } from './work.ts';

/**
 * A whole server: which of its databases are backed up, when, into which destination, and how long they are kept. Which those
 * are is asked anew at each of its times, so that one that was made yesterday is covered today.
 */
export interface ServerPolicy {
  id: string;
  accountId: number;
  /** Unique within the account; the names of its databases begin with it. */
  name: string;
  type: EngineType;
  host: string;
  port: number;
  user: string;
  password: Secret | null;
  /** The database to connect to for the list of all. */
  database: string;
  options: DatabaseOptions;
  destinationId: number;
  /** Patterns of names: `*` stands for any number of characters, `?` for one. */
  include: string[];
  /** What is left out of those. */
  exclude: string[];
  /** Whether each run holds the server's globals, once. */
  globals: boolean;
  cron: string;
  timezone: string;
  /** Runs are delayed by a fixed share of this many seconds, derived from the policy's id. */
  jitterSeconds: number;
  retention: RetentionPolicy;
  verification: VerificationPolicy | null;
  /** What is asked of the backups of its databases, where these say nothing themselves; null: what the policy promises. */
  objectives: Objectives | null;
  enabled: boolean;
  nextRunAt: Date | null;
  lastRunAt: Date | null;
  createdAt: Date;
  updatedAt: Date;
}

/** The database of a server that is there to be connected to; null where a server of that kind has no several. */
export const maintenanceDatabases = {
  postgresql: 'postgres',
  mysql: 'mysql',
  mariadb: 'mysql',
  mongodb: 'admin',
  sqlite: null,
  redis: null,
  files: null,
} as const satisfies Record<EngineType, string | null>;

/** Whether a name is one of the pattern's. Goes over both once or, behind a `*`, as often as the name is long. */
export function matchesPattern(pattern: string, name: string): boolean {
  const [wanted, given] = [Array.from(pattern), Array.from(name)];
  let [at, star, tried] = [0, -1, 0];
  for (let index = 0; index < given.length;) {
    if (wanted[at] === '*') {
      star = at;
      at += 1;
      tried = index;
    } else if (wanted[at] === '?' || wanted[at] === given[index]) {
      at += 1;
      index += 1;
    } else if (star >= 0) {
      at = star + 1;
      tried += 1;
      index = tried;
    } else {
      return false;
    }
  }
  return wanted.slice(at).every((rest) => rest === '*');
}

/**
 * Whether a policy covers a database of its server. The one that is there to be connected to is covered only where a pattern
 * is its very name; a scratch database of a verification never.
 */
export function covers(
  { type, include, exclude }: Pick<ServerPolicy, 'type' | 'include' | 'exclude'>,
  name: string,
): boolean {
  if (isScratchDatabase(name) || exclude.some((pattern) => matchesPattern(pattern, name))) return false;
  if (name === maintenanceDatabases[type]) return include.includes(name);
  return include.some((pattern) => matchesPattern(pattern, name));
}

/**
 * Why a database that is covered gets no backup: the client programs could read its name as something else, or no row can hold
 * it. @returns a sentence, or null
 */
export function unreadableName(name: string): string | null {
  const isReadable = !noDatabaseName.test(name) && !/\p{Cc}/u.test(name) && name.isWellFormed();
  return isReadable ? null : unreadable;
}

const unreadable = 'Client programs do not read its name as a name: back it up by itself, under another one.';

/** A registered database that a policy covers. */
export interface PolicyMember {
  id: string;
  /** As it is registered. */
  name: string;
  /** On its server. */
  database: string;
  /** Since when the server lists it no more; null while it does. */
  vanishedAt: Date | null;
  /** Whether somebody said that this is as it should be; null: nobody said anything. */
  vanishExpected: boolean | null;
}

/** What a run found on its server, by the names of databases there. */
export interface RunFindings {
  /** How many there are. */
  listed: number;
  /** Those that the run has a backup of. */
  backedUp: string[];
  /** Covered for the first time. */
  added: string[];
  /** Gone since the run before. */
  vanished: string[];
  /** There again. */
  returned: string[];
  /** There, and covered until somebody changed the patterns. */
  released: string[];
  /** There, and not covered. */
  leftOut: string[];
  /** Covered, and without a backup: one of it waited or ran already, or no client program takes its name. */
  passedOver: { database: string; reason: string }[];
  /** Why the list is hard to believe, a sentence; null: it is not. */
  suspicious: string | null;
}

/** One evaluation of a policy: work that lists the server's databases and makes a backup of each that is covered. */
export interface PolicyRun extends WorkState {
  id: string;
  accountId: number;
  policyId: string;
  /** The time of the policy; null: somebody asked for it. */
  scheduledFor: Date | null;
  requestId: string | null;
  createdAt: Date;
  startedAt: Date | null;
  /** When the list was read and its backups were made rows, or why that failed was final. */
  completedAt: Date | null;
  progressBytes: number;
  estimatedBytes: number | null;
  /** Null before then. */
  findings: RunFindings | null;
}

/** How many backups of a run are in each state. */
export type RunCounts = Record<WorkStatus, number>;

/** What a run has come to with all of its backups: `done` when each is, `error` when all have ended and one is. */
export function runStatus({ status }: Pick<PolicyRun, 'status'>, counts: RunCounts): WorkStatus {
  if (status !== 'done') return status;
  if (counts.scheduled + counts.pending > 0) return 'pending';
  return counts.error > 0 ? 'error' : 'done';
}

/** Why a run has not come to what it was to: its list failed, or it was cancelled. Null where its backups alone tell. */
export function runError(
  run: Pick<PolicyRun, 'status' | 'error' | 'cancelRequestedAt'>,
  counts: RunCounts,
): PublicError | null {
  const isCancelled = run.cancelRequestedAt !== null && runStatus(run, counts) === 'error';
  return isCancelled ? new HoldfastError('cancelled').toPublic() : run.error;
}

/** More than half of the databases that a policy knows are rarely dropped within one slot: sooner a list is not what it was. */
export function suspicionOf(known: number, gone: number, listed: number): string | null {
  if (listed === 0)
    return 'The server listed no database at all: look whether this is the right server, and what its user may see.';
  if (gone * 2 <= known || known === 0) return null;
  return `${gone} of the ${known} databases that were covered are not on the server any more: look whether this is the right server, and what its user may see. Nothing was deleted.`;
}

const longestName = 63;

/**
 * The name under which a database of a policy is registered: `<policy>.<database>`, without what names may not hold.
 * @param turn from 1: each further one is another name, for where the one before is taken
 */
export function memberName(policy: string, database: string, turn: number): string {
  const suffix = turn === 1 ? '' : ` (${turn})`;
  const name = Array.from(`${policy}.${database}`.replaceAll(/[/\p{Cc}]/gu, '_').trim());
  while (name.join('').length + suffix.length > longestName) name.pop();
  return name.join('').trimEnd() + suffix;
}
