import type { JobHandlers } from '@holdfast/shared/contracts';
import type { HandlerDeps } from '../deps.ts';
import { endHooksOf } from '../hooks/around.ts';

/** Runs the hooks after an attempt whose worker was killed before it could: what was frozen does not stay so. */
export function endHooksHandler(deps: HandlerDeps): JobHandlers['attempt.hooks@1'] {
  return async ({ backupId, attempt }) => {
    if (!(await endHooksOf(deps, backupId, attempt))) deps.logger.debug({ backupId, attempt }, 'no hooks to end');
  };
}
