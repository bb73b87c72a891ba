import type { JobHandlers } from '@holdfast/shared/contracts';
import type { HandlerDeps } from '../deps.ts';
import { backupHandler } from './backup.ts';
import { deleteHandler } from './delete.ts';
import { importHandler } from './import.ts';
import { reconcileHandler } from './reconcile.ts';
import { restoreHandler } from './restore.ts';
import { sweepRestoreHandler } from './sweep-restore.ts';
import { sweepVerificationHandler } from './sweep-verification.ts';
import { sweepHandler } from './sweep.ts';
import { verificationHandler } from './verification.ts';

/** One handler for every job of the catalogue. */
export function createHandlers(deps: HandlerDeps): JobHandlers {
  return {
    'backup.run@1': backupHandler(deps),
    'restore.run@1': restoreHandler(deps),
    'verification.run@1': verificationHandler(deps),
    'verification.sweep@1': sweepVerificationHandler(deps),
    'attempt.sweep@1': sweepHandler(deps),
    'restore.sweep@1': sweepRestoreHandler(deps),
    'backup.delete@1': deleteHandler(deps),
    'destination.reconcile@1': reconcileHandler(deps),
    'destination.import@1': importHandler(deps),
  };
}
