import type { JobHandlers } from '@holdfast/shared/contracts';
import type { HandlerDeps } from '../deps.ts';
import { dropScratchOf } from './verification.ts';

const cleanUpMs = 60_000;

/**
 * Removes the scratch database that a verification left on its server, which was away at the end or whose worker was. One
 * that has not ended cleans up by itself, when its next attempt begins.
 */
export function sweepVerificationHandler(deps: HandlerDeps): JobHandlers['verification.sweep@1'] {
  const { verifications } = deps.persistence;
  return async ({ verificationId, requestId }) => {
    const logger = deps.logger.child({ verificationId, requestId });
    const verification = await verifications.find(verificationId);
    if (verification?.status !== 'error' && verification?.status !== 'done') return logger.debug('nothing to sweep');
    if (!(await dropScratchOf(deps, verification, AbortSignal.timeout(cleanUpMs)))) return;
    await verifications.markSwept(verificationId);
    logger.info('verification swept');
  };
}
