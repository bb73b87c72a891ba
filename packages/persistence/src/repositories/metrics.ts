import type { Sample } from '@holdfast/shared/observability';

/** What the rows say in numbers, of all accounts together. */
export interface MetricsRepository {
  /** @param mostDatabases with more of them none has series of its own */
  read(mostDatabases: number): Promise<Sample[]>;
}
