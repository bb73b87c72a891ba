import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import packageJson from '../../../package.json' with { type: 'json' };
import type { Observers } from '../observers.ts';
import type { MetricDefinition } from './catalogue.ts';
import { processMetrics, type ProcessMetric } from './process-metrics.ts';
import { SourceReader, textOf, type SampleSource } from './row-text.ts';

/** What is measured of one process, and who measures. */
export interface Measurements {
  observers: Observers;
  /** Adds a source of samples that is read whenever somebody asks. */
  reads(source: SampleSource): void;
  /** Everything, in the format of Prometheus. Never fails because a source is away. */
  render(): Promise<{ contentType: string; text: string }>;
}

type Labels = Record<string, string | number>;

/** The metrics of this process, all of them from the catalogue. */
class ProcessRegistry {
  readonly registry = new Registry();
  readonly #metrics = new Map<ProcessMetric, Counter | Gauge | Histogram>();

  constructor() {
    const definitions: Readonly<Record<ProcessMetric, MetricDefinition>> = processMetrics;
    for (const name of Object.keys(definitions) as ProcessMetric[]) {
      const { type, help, labels, buckets = [] } = definitions[name];
      const options = { name, help, labelNames: [...labels], registers: [this.registry] };
      if (type === 'counter') this.#metrics.set(name, new Counter(options));
      else if (type === 'gauge') this.#metrics.set(name, new Gauge(options));
      else this.#metrics.set(name, new Histogram({ ...options, buckets: [...buckets] }));
    }
  }

  count(name: ProcessMetric, labels: Labels): void {
    const metric = this.#metrics.get(name);
    if (metric instanceof Counter) metric.inc(labels);
  }

  set(name: ProcessMetric, labels: Labels, value: number): void {
    const metric = this.#metrics.get(name);
    if (metric instanceof Gauge) metric.set(labels, value);
  }

  setToNow(name: ProcessMetric, labels: Labels): void {
    const metric = this.#metrics.get(name);
    if (metric instanceof Gauge) metric.setToCurrentTime(labels);
  }

  measure(name: ProcessMetric, labels: Labels, value: number): void {
    const metric = this.#metrics.get(name);
    if (metric instanceof Histogram) metric.observe(labels, value);
  }
}

/** Measures this process from now on. */
export function measureProcess(service: string): Measurements {
  const metrics = new ProcessRegistry();
  collectDefaultMetrics({ register: metrics.registry });
  metrics.set('holdfast_build_info', { service, version: packageJson.version, node: process.versions.node }, 1);
  const sources: SourceReader[] = [];
  return {
    observers: observersOf(metrics),
    reads: (source) => sources.push(new SourceReader(source)),
    render: async () => {
      const [own, ...read] = await Promise.all([metrics.registry.metrics(), ...sources.map((source) => source.read())]);
      const text = await textOf(read.flat(), { Gauge, Registry });
      return { contentType: metrics.registry.contentType, text: `${own}${text}` };
    },
  };
}

function observersOf(metrics: ProcessRegistry): Observers {
  return {
    attemptEnded: ({ kind, engine, outcome, code, seconds, bytes, storedBytes }) => {
      const labels = { kind, engine: engine ?? 'unknown', outcome };
      metrics.count('holdfast_attempts_total', { ...labels, code: code ?? 'none' });
      metrics.measure('holdfast_attempt_duration_seconds', labels, seconds);
      if (kind === 'run') return;
      metrics.measure('holdfast_attempt_read_bytes', labels, bytes);
      if (outcome !== 'done') return;
      metrics.measure('holdfast_attempt_throughput_bytes_per_second', labels, bytes / Math.max(seconds, 0.001));
      if (storedBytes !== null) metrics.measure('holdfast_attempt_stored_bytes', labels, storedBytes);
    },
    storeRequestEnded: ({ operation, code, seconds }) => {
      metrics.count('holdfast_s3_requests_total', { operation, code });
      metrics.measure('holdfast_s3_request_duration_seconds', { operation }, seconds);
    },
    hookRunEnded: ({ phase, type, outcome, seconds }) => {
      metrics.count('holdfast_hook_runs_total', { phase, type, outcome });
      metrics.measure('holdfast_hook_duration_seconds', { phase, type }, seconds);
    },
    requestEnded: ({ route, method, status, seconds }) => {
      metrics.count('holdfast_http_requests_total', { route, method, status });
      metrics.measure('holdfast_http_request_duration_seconds', { route, method }, seconds);
    },
    turnEnded: ({ loop, ok, seconds }) => {
      metrics.count('holdfast_loop_turns_total', { loop, outcome: ok ? 'done' : 'failed' });
      metrics.measure('holdfast_loop_turn_duration_seconds', { loop }, seconds);
      if (ok) metrics.setToNow('holdfast_loop_last_success_timestamp_seconds', { loop });
    },
  };
}
