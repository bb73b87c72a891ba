import type { RemoteJob } from '@holdfast/shared/contracts';
import type { Ids } from '@holdfast/shared/domain';
import type { Logger } from '@holdfast/shared/observability';
import type { RemoteApi } from '../api.ts';
import type { Pace } from '../http/persist.ts';
import type { Source } from '../sources/index.ts';
import type { Spool } from '../spool.ts';

/** What every job works with. */
interface JobTools {
  api: RemoteApi;
  spool: Spool;
  ids: Pick<Ids, 'random'>;
  pace: Pace;
  logger: Logger;
}

export interface JobRun extends JobTools {
  job: RemoteJob;
  source: Source;
  /** Ends the work; its reason is then what is thrown. */
  signal: AbortSignal;
  /** Told how many plain bytes are done. */
  onBytes: (plain: number) => void;
}
