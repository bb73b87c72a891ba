import type { Persistence } from '@holdfast/persistence';
import type { Settings } from '@holdfast/shared/config';
import type { Clock, Ids } from '@holdfast/shared/domain';
import type { Logger, Observers } from '@holdfast/shared/observability';

/** What the sentinel works with: rows alone, so that it can tell of a queue or a store that is gone. */
export interface SentinelDeps {
  settings: Settings;
  logger: Logger;
  persistence: Pick<Persistence, 'alerts' | 'protection' | 'notifications'>;
  clock: Clock;
  ids: Ids;
  /** Count what ends, where that is wanted. */
  observers?: Observers | undefined;
}
