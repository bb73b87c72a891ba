import {
  hookName,
  toHoldfastError,
  type Hook,
  type HookEnd,
  type HookFacts,
  type Secret,
} from '@holdfast/shared/domain';
import { observe } from '@holdfast/shared/observability';
import { AddressGuard } from '@holdfast/shared/security';
import type { HandlerDeps } from '../deps.ts';
import { runCommandHook } from './command.ts';
import { runHttpHook } from './http.ts';

export interface HookRunOptions {
  position: number;
  /** What must not appear in what is kept. */
  secrets: readonly Secret[];
  /** Ends it; it has failed then. */
  signal: AbortSignal;
}

/**
 * Runs one hook to its end, or to its limit, and keeps what came of it beside the attempt. That the database does not hear of
 * it keeps no hook from running.
 */
export async function runHook(
  deps: HandlerDeps,
  hook: Hook,
  facts: HookFacts,
  { position, secrets, signal }: HookRunOptions,
): Promise<HookEnd> {
  const { settings, persistence, ids, workerName: worker } = deps;
  const { backupId, attempt, hook: phase } = facts;
  const logger = deps.logger.child({ backupId, attempt, phase, hook: hookName(hook) });
  const id = ids.uuid();
  const keep = async (what: Promise<void>): Promise<void> => {
    await what.catch((error: unknown) => logger.warn({ err: error }, 'the run of a hook was not recorded'));
  };
  await keep(persistence.hooks.began({ id, backupId, attempt, phase, position, name: hookName(hook), worker }));
  const startedAt = performance.now();
  const limitSeconds = Math.min(hook.timeoutSeconds, settings.HOLDFAST_HOOK_SECONDS);
  const limit = AbortSignal.timeout(limitSeconds * 1000);
  const end = await endOf(deps, hook, facts, { secrets, signal: AbortSignal.any([signal, limit]) });
  if (end.problem !== null) {
    if (signal.aborted) end.problem = `was ended: ${toHoldfastError(signal.reason).message}`;
    else if (limit.aborted) end.problem = `did not end within ${limitSeconds} s`;
    // It becomes a part of sentences.
    end.problem = end.problem.replace(/\.$/, '');
    end.outcome = 'failed';
  }
  const { type } = hook;
  const seconds = (performance.now() - startedAt) / 1000;
  observe(() => deps.observers?.hookRunEnded({ phase, type, outcome: end.outcome, seconds }));
  await keep(persistence.hooks.ended(id, end));
  if (end.problem === null) logger.info('hook done');
  else logger.warn({ problem: end.problem }, 'hook failed');
  return end;
}

async function endOf(
  { settings }: HandlerDeps,
  hook: Hook,
  facts: HookFacts,
  options: { secrets: readonly Secret[]; signal: AbortSignal },
): Promise<HookEnd> {
  const nothing: HookEnd = { outcome: 'done', exitCode: null, httpStatus: null, problem: null, output: '' };
  if (hook.type === 'http') {
    const guard = new AddressGuard(settings.HOLDFAST_ALLOWED_NETWORKS);
    return { ...nothing, ...(await runHttpHook(hook, facts, { ...options, guard })) };
  }
  try {
    const folder = settings.HOLDFAST_HOOKS ?? null;
    return { ...nothing, ...(await runCommandHook(hook, facts, { ...options, folder })) };
  } catch (error) {
    return { ...nothing, problem: `was not run: ${toHoldfastError(error).message}` };
  }
}
