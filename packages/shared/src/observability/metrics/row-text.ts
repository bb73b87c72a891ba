import type { Gauge, Registry } from 'prom-client';
import { rowMetrics, type Sample } from './row-metrics.ts';

/** How long what was read is given out again: several who scrape cost no more than one. */
const keptMs = 5000;
/** Prometheus itself gives up after ten seconds. */
const usualLimitMs = 5000;

/** Something outside this process that samples are read from. */
export interface SampleSource {
  /** The gauge that says whether it answered in time. */
  up: 'holdfast_database_up' | 'holdfast_queue_up';
  read: () => Promise<readonly Sample[]>;
  /** For how long it is waited for; 5 s when absent. */
  limitMs?: number;
}

/** The samples of one source, read when they are asked for: not more often than every few seconds and never twice at once. */
export class SourceReader {
  readonly #source: SampleSource;
  #running: Promise<readonly Sample[]> | null = null;
  #kept: { samples: readonly Sample[]; at: number } | null = null;

  constructor(source: SampleSource) {
    this.#source = source;
  }

  /** Never fails, and answers within the limit also when the source does not: then with its gauge at 0 and nothing else. */
  async read(): Promise<readonly Sample[]> {
    if (this.#kept && performance.now() - this.#kept.at < keptMs) return this.#kept.samples;
    this.#running ??= this.#ask().finally(() => {
      this.#running = null;
    });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<null>((resolve) => {
      timer = setTimeout(() => resolve(null), this.#source.limitMs ?? usualLimitMs);
    });
    try {
      return (await Promise.race([this.#running, late])) ?? this.#state(0);
    } finally {
      clearTimeout(timer);
    }
  }

  async #ask(): Promise<readonly Sample[]> {
    const samples = await this.#source.read().then(
      (read) => [...this.#state(1), ...read],
      () => this.#state(0),
    );
    this.#kept = { samples, at: performance.now() };
    return samples;
  }

  #state(value: 0 | 1): Sample[] {
    return [{ metric: this.#source.up, labels: {}, value }];
  }
}

/** Samples in the format of Prometheus. */
export async function textOf(
  samples: readonly Sample[],
  prometheus: { Gauge: typeof Gauge; Registry: typeof Registry },
): Promise<string> {
  const registry = new prometheus.Registry();
  for (const [metric, ofMetric] of Map.groupBy(samples, ({ metric }) => metric)) {
    const { help, labels } = rowMetrics[metric];
    const gauge = new prometheus.Gauge({ name: metric, help, labelNames: [...labels], registers: [registry] });
    for (const { labels: values, value } of ofMetric) gauge.set({ ...values }, value);
  }
  return await registry.metrics();
}
