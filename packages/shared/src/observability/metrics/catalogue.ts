import { processMetrics } from './process-metrics.ts';
import { rowMetrics } from './row-metrics.ts';

export interface MetricDefinition {
  type: 'counter' | 'gauge' | 'histogram';
  /** For people, in one sentence without a full stop at its end, as Prometheus has it. */
  help: string;
  labels: readonly string[];
  /** Upper bounds of a histogram. */
  buckets?: readonly number[];
}

/** Every metric of ours by its name. Those of Node (`process_…`, `nodejs_…`) come beside them. */
export const metricCatalogue: Readonly<Record<string, MetricDefinition>> = { ...processMetrics, ...rowMetrics };
