import type { MetricDefinition } from './catalogue.ts';

/** From a quick look to a night. */
const longSeconds = [1, 5, 15, 60, 300, 900, 3600, 14_400, 43_200];
const shortSeconds = [0.005, 0.025, 0.1, 0.25, 1, 2.5, 10, 60];
const kibi = 1024;
/** 64 KiB to 16 TiB. */
const sizes = [
  64 * kibi,
  ...[1, 16, 256].map((n) => n * kibi ** 2),
  ...[1, 4, 16, 64, 256, 1024, 4096, 16_384].map((n) => n * kibi ** 3),
];
/** 1 MiB/s to 2 GiB/s. */
const speeds = [1, 4, 16, 32, 64, 128, 256, 512, 1024, 2048].map((n) => n * kibi ** 2);

/** What each process counts and measures itself, since it started. */
export const processMetrics = {
  holdfast_build_info: {
    type: 'gauge',
    help: 'Always 1: what runs here',
    labels: ['service', 'version', 'node'],
  },
  holdfast_attempts_total: {
    type: 'counter',
    help: 'Attempts at backups, restores, verifications and runs of policies that ended, by outcome and error code',
    labels: ['kind', 'engine', 'outcome', 'code'],
  },
  holdfast_attempt_duration_seconds: {
    type: 'histogram',
    help: 'How long attempts took from their claim to their end',
    labels: ['kind', 'engine', 'outcome'],
    buckets: longSeconds,
  },
  holdfast_attempt_read_bytes: {
    type: 'histogram',
    help: 'What attempts read: of a backup the dump before compression, of a restore or a verification what is stored',
    labels: ['kind', 'engine', 'outcome'],
    buckets: sizes,
  },
  holdfast_attempt_stored_bytes: {
    type: 'histogram',
    help: 'What backups that are done take up in their store',
    labels: ['kind', 'engine', 'outcome'],
    buckets: sizes,
  },
  holdfast_attempt_throughput_bytes_per_second: {
    type: 'histogram',
    help: 'What attempts that are done read in a second, over their whole duration',
    labels: ['kind', 'engine', 'outcome'],
    buckets: speeds,
  },
  holdfast_s3_requests_total: {
    type: 'counter',
    help: 'Requests to object stores, each repetition counted, by operation and by what came of them',
    labels: ['operation', 'code'],
  },
  holdfast_s3_request_duration_seconds: {
    type: 'histogram',
    help: 'How long object stores took to answer',
    labels: ['operation'],
    buckets: shortSeconds,
  },
  holdfast_hook_runs_total: {
    type: 'counter',
    help: 'Runs of hooks that ended',
    labels: ['phase', 'type', 'outcome'],
  },
  holdfast_hook_duration_seconds: {
    type: 'histogram',
    help: 'How long hooks took',
    labels: ['phase', 'type'],
    buckets: [0.1, 1, 5, 15, 60, 300, 600, 3600],
  },
  holdfast_http_requests_total: {
    type: 'counter',
    help: 'Requests to the API that were answered, by the template of their route; "other" is everything else',
    labels: ['route', 'method', 'status'],
  },
  holdfast_http_request_duration_seconds: {
    type: 'histogram',
    help: 'How long the API took from a request to the end of its answer',
    labels: ['route', 'method'],
    buckets: shortSeconds,
  },
  holdfast_loop_turns_total: {
    type: 'counter',
    help: 'Turns of the loops of scheduler and sentinel',
    labels: ['loop', 'outcome'],
  },
  holdfast_loop_turn_duration_seconds: {
    type: 'histogram',
    help: 'How long their turns took',
    labels: ['loop'],
    buckets: [0.005, 0.025, 0.1, 0.5, 2.5, 10, 60],
  },
  holdfast_loop_last_success_timestamp_seconds: {
    type: 'gauge',
    help: 'When a turn last succeeded, by the clock of the process',
    labels: ['loop'],
  },
} as const satisfies Readonly<Record<string, MetricDefinition>>;

export type ProcessMetric = keyof typeof processMetrics;
