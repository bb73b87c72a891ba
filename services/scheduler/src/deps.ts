import type { Persistence } from '@holdfast/persistence';
import type { Producer } from '@holdfast/queue';
import type { Settings } from '@holdfast/shared/config';
import type { Ids } from '@holdfast/shared/domain';
import type { Logger, Observers } from '@holdfast/shared/observability';

export interface SchedulerDeps {
  settings: Settings;
  logger: Logger;
  persistence: Pick<
    Persistence,
    | 'schedules'
    | 'policies'
    | 'policyRuns'
    | 'backups'
    | 'restores'
    | 'verifications'
    | 'retention'
    | 'reconciliations'
    | 'imports'
    | 'hooks'
  >;
  producer: Pick<Producer, 'ring'>;
  ids: Ids;
  /** Count what ends, where that is wanted. */
  observers?: Observers | undefined;
}

/** How many rows one statement takes; a turn takes further batches until one is not full. */
export const batchSize = 100;

/** How many rings wait for the queue's answer at once. */
export const ringsInParallel = 10;
