import type { Logger } from '@holdfast/shared/observability';
import type { ApiDeps } from '../deps.ts';
import { ringForNew } from './ring.ts';

/**
 * Asks for a verification of a backup that was flagged after one reading: a bad cable is not a bad backup, and what is found
 * whole loses its flag. A failure is only logged: the flag stays.
 */
export async function lookAgain(
  call: { deps: ApiDeps; log: Logger; requestId: string },
  backupId: string,
): Promise<void> {
  const { deps, log, requestId } = call;
  try {
    const verification = await deps.persistence.verifications.create({
      backupId,
      scratchDatabaseId: null,
      cause: 'recheck',
      level: 'readable',
      requestId,
      maxFailures: deps.settings.HOLDFAST_MAX_FAILURES,
    });
    // `busy`: somebody looks at it already.
    if (verification === null || typeof verification === 'string') return;
    await ringForNew(call, 'verification', verification.id);
  } catch (error) {
    log.warn({ err: error, backupId }, 'no second look at a flagged backup could be asked for');
  }
}
