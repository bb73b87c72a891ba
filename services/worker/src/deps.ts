import type { Engines } from '@holdfast/engines';
import type { Persistence } from '@holdfast/persistence';
import type { ConsumerOptions } from '@holdfast/queue';
import type { Settings } from '@holdfast/shared/config';
import type { JobHandlers } from '@holdfast/shared/contracts';
import type { Clock, Destination, Ids, ObjectStore } from '@holdfast/shared/domain';
import type { Running } from '@holdfast/shared/lifecycle';
import type { Logger, Observers } from '@holdfast/shared/observability';

export interface WorkerDeps {
  settings: Settings;
  logger: Logger;
  persistence: Pick<
    Persistence,
    | 'backups'
    | 'schedules'
    | 'restores'
    | 'verifications'
    | 'databases'
    | 'destinations'
    | 'reconciliations'
    | 'imports'
    | 'hooks'
    | 'policies'
    | 'policyRuns'
  >;
  /** Connects the handlers to the queue. Its `stop` takes no more jobs and waits for the ones that run. */
  startConsumers: (handlers: JobHandlers, options: ConsumerOptions) => Promise<Running>;
  engines: Pick<Engines, 'types' | 'get'>;
  openStore: (destination: Destination) => ObjectStore;
  clock: Clock;
  ids: Ids;
  /** Names this process in leases and logs. */
  workerName: string;
  /** Count what ends, where that is wanted. */
  observers?: Observers | undefined;
}

/** What handlers need beyond the adapters. */
export interface HandlerDeps extends WorkerDeps {
  /** Aborted with `stopping` when the time to finish is over: what still runs is handed back. */
  stopping: AbortSignal;
  /** Notes that work was left to others, as no engine here knows its kind of database. */
  leftToOthers: (engine: string) => void;
}
