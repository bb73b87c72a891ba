import type { AlertKind } from './alert.ts';

export const protectionStates = ['protected', 'at_risk', 'unprotected', 'unknown'] as const;
/**
 * `protected`: the objectives hold, and nothing says that they soon will not; `at_risk`: they hold now, but something does;
 * `unprotected`: there is no backup as good and as new as is asked for; `unknown`: it cannot be judged.
 */
export type ProtectionState = (typeof protectionStates)[number];

interface ReasonKind {
  /** What the database is at most while it is so. */
  state: Exclude<ProtectionState, 'protected'>;
  /** The alert that tells of it already; null: that of the state does. */
  alert: AlertKind | null;
  /** What to do, for people. */
  action: string;
}

/** Everything that keeps a database from being protected. docs/protection.md explains each. */
export const protectionReasons = {
  never_backed_up: {
    state: 'unprotected',
    alert: null,
    action: 'Make a backup now, or wait for the next slot of its schedule.',
  },
  no_good_backup: {
    state: 'unprotected',
    alert: null,
    action: 'Make a backup now, and look why those that there were are damaged, wanting or deleted.',
  },
  too_old: {
    state: 'unprotected',
    alert: null,
    action: 'Make a backup now, and look at the other reasons why none was made in time.',
  },
  level_not_reached: {
    state: 'unprotected',
    alert: null,
    action: 'Verify the newest backup, or have its schedule verify each one to that level.',
  },
  backup_failed: {
    state: 'at_risk',
    alert: 'backup_failed',
    action: 'Mend what the error names (docs/errors.md), then make a backup.',
  },
  backup_overdue: {
    state: 'at_risk',
    alert: 'backup_overdue',
    action: 'Look whether its backups wait for a worker, run for very long or fail.',
  },
  slots_missed: {
    state: 'at_risk',
    alert: 'slots_missed',
    action: 'See that a scheduler runs all the time; the next backup that is done ends this.',
  },
  verification_failed: {
    state: 'at_risk',
    alert: 'verification_failed',
    action: 'Mend what the finding names, then verify the newest backup again.',
  },
  verification_overdue: {
    state: 'at_risk',
    alert: 'verification_overdue',
    action: 'See that workers run, and that the server for scratch databases has room and can be reached.',
  },
  hook_failed: {
    state: 'at_risk',
    alert: 'hook_failed',
    action: 'Undo by hand what the hook should have undone, and mend the hook.',
  },
  hooks_open: {
    state: 'at_risk',
    alert: null,
    action: 'See that workers run: they run the hooks behind a backup that ended without them.',
  },
  engine_unknown: {
    state: 'at_risk',
    alert: 'engine_unknown',
    action: 'Start workers of a version that knows this kind of database.',
  },
  run_failed: {
    state: 'at_risk',
    alert: 'run_failed',
    action: 'Mend what the error of the policy’s last run names, then run the policy.',
  },
  run_overdue: {
    state: 'at_risk',
    alert: 'run_overdue',
    action: 'See that a scheduler and a worker run.',
  },
  run_suspicious: {
    state: 'at_risk',
    alert: 'run_suspicious',
    action: 'Look whether the policy leads to the right server, and what its user may see there.',
  },
  not_scheduled: {
    state: 'at_risk',
    alert: null,
    action: 'Give it a schedule, or have a policy cover it.',
  },
  paused: {
    state: 'at_risk',
    alert: null,
    action: 'Switch its schedule or its policy on again.',
  },
  next_slot_late: {
    state: 'at_risk',
    alert: null,
    action: 'Plan its backups more often, or allow them to be older.',
  },
  no_connection: {
    state: 'at_risk',
    alert: null,
    action: 'Give it host, port, user and password, or a remote server that backs it up.',
  },
  server_silent: {
    state: 'at_risk',
    alert: null,
    action: 'See that the agent runs on that server and reaches the API.',
  },
  scheduler_silent: {
    state: 'at_risk',
    alert: 'service_silent',
    action: 'Start the scheduler, or look in its log why it does not reach the database of Holdfast.',
  },
  worker_silent: {
    state: 'at_risk',
    alert: 'service_silent',
    action: 'Start a worker, or look in its log why it does not reach the database of Holdfast.',
  },
  restore_slow: {
    state: 'at_risk',
    alert: null,
    action: 'Make restores faster (docs/operations.md), or allow them to take longer.',
  },
  vanished: {
    state: 'unknown',
    alert: 'database_vanished',
    action: 'Say whether that is as it should be; where it is not, bring it back or exclude it from the policy.',
  },
  nothing_asked: {
    state: 'unknown',
    alert: null,
    action: 'Give it a schedule or objectives, or make a backup.',
  },
  not_judged: {
    state: 'unknown',
    alert: null,
    action: 'Save its schedules and objectives anew; where that does not help, look in the log of the sentinel.',
  },
} as const satisfies Readonly<Record<string, ReasonKind>>;

export type ReasonCode = keyof typeof protectionReasons;

/** Why a database is not protected, for people: what is so, with figures, and what to do. */
export interface ProtectionReason {
  code: ReasonCode;
  message: string;
  action: string;
}

export const reasonKind = (code: ReasonCode): ReasonKind => protectionReasons[code];

export const reason = (code: ReasonCode, message: string): ProtectionReason => ({
  code,
  message,
  action: reasonKind(code).action,
});
