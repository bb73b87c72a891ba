import { reaches, type Verdict } from '@holdfast/shared/domain';
import { proveBytes } from './bytes.ts';
import { proveRestorable } from './restorable.ts';
import type { VerificationRun } from './verification-run.ts';

/**
 * Proves one level after the other, up to the one that was asked for. Only what speaks against the stored backup itself is
 * damage, and only after a second look; what kept it from a higher level otherwise is a finding.
 * @throws what may pass, such as a store or a server that is away: the verification then says nothing of the backup
 */
export async function runVerification(run: VerificationRun): Promise<Verdict> {
  const { manifest, ...verdict } = await proveBytes(run);
  const isWanted = reaches(run.verification.level, 'restorable');
  if (!manifest || !isWanted || verdict.reached !== 'readable') return verdict;
  return proveRestorable(run, manifest);
}
