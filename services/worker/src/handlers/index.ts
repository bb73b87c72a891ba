import type { JobHandlers } from '@holdfast/shared/contracts';
import type { HandlerDeps } from '../deps.ts';
import { backupHandler } from './backup.ts';
import { deleteHandler } from './delete.ts';
import { endHooksHandler } from './end-hooks.ts';
import { importHandler } from './import.ts';
import { reconcileHandler } from './reconcile.ts';
import { restoreHandler } from './restore.ts';
import { runHandler } from './run.ts';
import { sweepRestoreHandler } from './sweep-restore.ts';
import { sweepVerificationHandler } from './sweep-verification.ts';
import { sweepHandler } from './sweep.ts';
import { verificationHandler } from './verification.ts';

/** One handler for every job of the catalogue. */
export function createHandlers(given: Omit<HandlerDeps, 'leftToOthers'>): JobHandlers {
  const unknown = new Set<string>();
  const deps: HandlerDeps = {
    ...given,
    leftToOthers: (engine) => {
      if (unknown.has(engine)) return;
      unknown.add(engine);
      given.logger.warn({ engine }, 'left work to others on a kind of database that only a newer version knows');
    },
  };
  return {
    'backup.run@1': backupHandler(deps),
    'restore.run@1': restoreHandler(deps),
    'verification.run@1': verificationHandler(deps),
    'verification.sweep@1': sweepVerificationHandler(deps),
    'run.begin@1': runHandler(deps),
    'attempt.sweep@1': sweepHandler(deps),
    'attempt.hooks@1': endHooksHandler(deps),
    'restore.sweep@1': sweepRestoreHandler(deps),
    'backup.delete@1': deleteHandler(deps),
    'destination.reconcile@1': reconcileHandler(deps),
    'destination.import@1': importHandler(deps),
  };
}
