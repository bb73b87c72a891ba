import { HoldfastError, hookName, type Database, type HookFacts } from '@holdfast/shared/domain';
import type { HandlerDeps } from '../deps.ts';
import { runHook } from './run.ts';
import { secretsAround } from './secrets.ts';

/** What hooks may take when the worker must end: less than what is left to it then. */
const stoppingMs = 8000;
/** Beyond the limits of the hooks themselves, for what lies between them. */
const marginSeconds = 30;

/** Seconds after which whoever took the `after` hooks of an attempt has ended, whatever they did. */
export const holdSeconds = ({ settings }: HandlerDeps, { hooks }: Database): number =>
  (hooks?.after ?? []).reduce(
    (sum, { timeoutSeconds }) => sum + Math.min(timeoutSeconds, settings.HOLDFAST_HOOK_SECONDS),
    marginSeconds,
  );

/**
 * Runs all `after` hooks in their order, each whatever became of the others and of the attempt, and records that they ran. When the
 * worker must end it gives up what takes too long: that stays open, and is run by another.
 * @returns what is to be said of those that failed, in sentences
 */
export async function runAfterHooks(
  deps: HandlerDeps,
  database: Database,
  facts: Omit<HookFacts, 'hook' | 'databaseId' | 'database'>,
): Promise<string[]> {
  const { persistence, stopping, logger } = deps;
  const hooks = database.hooks?.after ?? [];
  const secrets = secretsAround(database, await destinationOf(deps, database));
  const end = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const onStopping = (): void => {
    timer = setTimeout(() => end.abort(new HoldfastError('stopping')), stoppingMs);
  };
  if (stopping.aborted) onStopping();
  else stopping.addEventListener('abort', onStopping, { once: true });
  const warnings: string[] = [];
  try {
    for (const [position, hook] of hooks.entries()) {
      if (end.signal.aborted) break;
      const all = { ...facts, hook: 'after', databaseId: database.id, database: database.name } as const;
      const { problem } = await runHook(deps, hook, all, { position, secrets, signal: end.signal });
      if (problem !== null) {
        warnings.push(`The hook ${hookName(hook)} after it ${problem}. What it was to undo may last.`);
      }
    }
  } finally {
    clearTimeout(timer);
    stopping.removeEventListener('abort', onStopping);
  }
  if (!end.signal.aborted) {
    await persistence.hooks.close(facts.backupId, facts.attempt).catch((error: unknown) => {
      logger.warn({ err: error, backupId: facts.backupId }, 'that hooks ran was not recorded: they will be run again');
    });
  }
  return warnings;
}

/** For its keys, which are not to be shown; without them where the database is away, as hooks have to run all the same. */
async function destinationOf({ persistence, logger }: HandlerDeps, { destinationId }: Database) {
  return await persistence.destinations.find(destinationId).catch((error: unknown) => {
    logger.warn({ err: error }, 'the keys of a destination were not read');
    return null;
  });
}
