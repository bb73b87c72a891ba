import { setTimeout as delay } from 'node:timers/promises';
import {
  HoldfastError,
  hookName,
  toHoldfastError,
  type Backup,
  type Database,
  type HookFacts,
} from '@holdfast/shared/domain';
import type { HandlerDeps } from '../deps.ts';
import { holdSeconds, runAfterHooks } from './after.ts';
import { runHook } from './run.ts';
import { secretsAround } from './secrets.ts';

/** How often it is asked whether somebody else has ended the hooks of an earlier attempt. */
const askEveryMs = 1000;

export interface Around {
  backup: Backup;
  database: Database;
  /** Ends the attempt; the `after` hooks run all the same. */
  signal: AbortSignal;
}

/**
 * Does `work` between the hooks of its database: those before it one after the other, of which the first that fails ends the
 * attempt; those after it whatever came of it, as soon as one before it was begun.
 * @returns what the work made, and what is to be said of hooks that failed after it
 * @throws HoldfastError hook_failed; secret_forgotten; secret_unreadable; lease_lost; otherwise what `work` failed with
 */
export async function withHooks<T>(
  deps: HandlerDeps,
  around: Around,
  work: () => Promise<T>,
): Promise<{ made: T; warnings: string[] }> {
  const { backup, database, signal } = around;
  if (database.hooks?.unreadable) throw database.hooks.unreadable.failure(`hooks of the database "${database.name}"`);
  if (database.hooks?.forgotten) {
    throw new HoldfastError(
      'secret_forgotten',
      `The hooks of the database "${database.name}" were forgotten with the key that sealed them: set them again, or to null.`,
    );
  }
  await endLeftOpen(deps, database, signal);
  const { before, after } = database.hooks ?? { before: [], after: [] };
  if (before.length + after.length === 0) return { made: await work(), warnings: [] };
  if (!(await deps.persistence.hooks.open(backup.id, backup.attempt))) throw new HoldfastError('lease_lost');
  const outcome = await runBefore(deps, around)
    .then(work)
    .then(
      (made) => ({ made }),
      (thrown: unknown) => ({ error: toHoldfastError(thrown) }),
    );
  const errorCode = 'error' in outcome ? outcome.error.code : null;
  const result =
    errorCode === null ? ({ status: 'done', errorCode } as const) : ({ status: 'error', errorCode } as const);
  const warnings = await runAfter(deps, around, result);
  if ('error' in outcome) throw outcome.error;
  return { made: outcome.made, warnings };
}

async function runBefore(deps: HandlerDeps, { backup, database, signal }: Around): Promise<void> {
  const secrets = secretsAround(database, await deps.persistence.destinations.find(database.destinationId));
  const facts: HookFacts = {
    hook: 'before',
    backupId: backup.id,
    databaseId: database.id,
    database: database.name,
    attempt: backup.attempt,
    result: null,
  };
  for (const [position, hook] of (database.hooks?.before ?? []).entries()) {
    signal.throwIfAborted();
    const { problem } = await runHook(deps, hook, facts, { position, secrets, signal });
    signal.throwIfAborted();
    if (problem !== null) {
      throw new HoldfastError('hook_failed', `The hook ${hookName(hook)} before the backup ${problem}.`);
    }
  }
}

/** Whoever lost the lease has to be the first to take them; otherwise that the database cannot be asked is no reason not to run them. */
async function runAfter(
  deps: HandlerDeps,
  { backup, database, signal }: Around,
  result: NonNullable<HookFacts['result']>,
): Promise<string[]> {
  const { id: backupId, attempt } = backup;
  const taken = await deps.persistence.hooks
    .take(backupId, attempt, holdSeconds(deps, database))
    .catch((error: unknown) => {
      deps.logger.warn({ err: error, backupId }, 'the hooks after the backup were not reserved');
      return !hasLostLease(signal);
    });
  return taken ? await runAfterHooks(deps, database, { backupId, attempt, result }) : [];
}

const hasLostLease = ({ aborted, reason }: AbortSignal): boolean =>
  aborted && reason instanceof HoldfastError && reason.code === 'lease_lost';

/**
 * Ends what earlier attempts at backups of the database left open, before anything new begins: their `after` hooks would
 * otherwise undo in the middle of the next attempt what its own did before it.
 */
async function endLeftOpen(deps: HandlerDeps, database: Database, signal: AbortSignal): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    const left = await deps.persistence.hooks.leftOpen(database.id);
    if (left.length === 0) return;
    for (const { backupId, attempt } of left) await endHooksOf(deps, backupId, attempt);
    if ((await deps.persistence.hooks.leftOpen(database.id)).length > 0) await delay(askEveryMs, undefined, { signal });
  }
}

/** Runs the `after` hooks of an attempt that ended without them, unless somebody else does. */
export async function endHooksOf(deps: HandlerDeps, backupId: string, attempt: number): Promise<boolean> {
  const { hooks, databases } = deps.persistence;
  const open = await hooks.findOpen(backupId, attempt);
  const database = open && (await databases.find(open.databaseId));
  if (!database || !(await hooks.take(backupId, attempt, holdSeconds(deps, database)))) return false;
  deps.logger.warn({ backupId, attempt }, 'the hooks after an attempt did not run when it ended, and are run now');
  const result = { status: 'error', errorCode: open.error?.code ?? 'internal' } as const;
  await runAfterHooks(deps, database, { backupId, attempt, result });
  return true;
}
