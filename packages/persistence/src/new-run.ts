import type { EntityManager } from 'typeorm';
import type { PolicyRun } from '@holdfast/shared/domain';
import { currentTime } from './current-time.ts';
import { policyRunEntity } from './entities/policies.ts';

/** What an insert of a run sets; everything else is that of work which nobody has begun. */
type Wanted = Pick<PolicyRun, 'id' | 'accountId' | 'policyId' | 'scheduledFor' | 'requestId' | 'maxFailures'>;

/** Inserts a run as `scheduled`, due at once. @returns null while another one of the policy waits or runs, and where the time has its run */
export async function newRun(manager: EntityManager, wanted: Wanted): Promise<PolicyRun | null> {
  const now = await currentTime(manager);
  const { id, accountId, policyId, scheduledFor, requestId, maxFailures } = wanted;
  const run: PolicyRun = {
    id,
    accountId,
    policyId,
    scheduledFor,
    requestId,
    maxFailures,
    findings: null,
    createdAt: now,
    startedAt: null,
    completedAt: null,
    progressBytes: 0,
    estimatedBytes: null,
    status: 'scheduled',
    attempt: 0,
    failures: 0,
    runAfter: now,
    leaseOwner: null,
    leaseUntil: null,
    serverId: null,
    silenceSeconds: null,
    cancelRequestedAt: null,
    error: null,
  };
  const insert = manager.createQueryBuilder().insert().into(policyRunEntity).values(run);
  const { raw } = await insert.orIgnore().returning('id').updateEntity(false).execute();
  return Array.isArray(raw) && raw.length > 0 ? run : null;
}
