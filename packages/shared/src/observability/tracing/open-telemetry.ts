import {
  context,
  diag,
  DiagLogLevel,
  propagation,
  SpanKind,
  SpanStatusCode,
  trace,
  type Span,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { HoldfastError } from '../../domain/errors.ts';
import type { Logger } from '../logger.ts';
import type { ActiveSpan, Tracer } from './span.ts';
import type { TraceTarget } from './target.ts';

const kinds = { server: SpanKind.SERVER, client: SpanKind.CLIENT, internal: SpanKind.INTERNAL };
/** A collector that is away must not hold up the end of a process. */
const flushMs = 2000;

/**
 * Opens OpenTelemetry for this process. Of its own variables those of the sampler, the limits and the batches (`OTEL_TRACES_SAMPLER`,
 * `OTEL_SPAN_…`, `OTEL_BSP_…`) are its own to read. What it knows of the machine stays out: command lines and paths are nobody's business.
 */
export function openTelemetry(
  service: string,
  { endpoint, headers }: TraceTarget,
  logger: Logger,
): { tracer: Tracer; shutdown: () => Promise<void> } {
  warnOnce(logger);
  const exporter = new OTLPTraceExporter({
    url: `${endpoint.replace(/\/+$/, '')}/v1/traces`,
    headers: headersOf(headers?.reveal() ?? ''),
    timeoutMillis: 10_000,
  });
  const sdk = new NodeSDK({
    serviceName: `holdfast-${service}`,
    traceExporter: exporter,
    autoDetectResources: false,
    metricReaders: [],
    logRecordProcessors: [],
    instrumentations: [],
  });
  sdk.start();
  return {
    tracer: tracerOver(),
    shutdown: async () => {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, flushMs);
      });
      await Promise.race([sdk.shutdown().catch(() => undefined), late]);
      clearTimeout(timer);
      trace.disable();
      context.disable();
      propagation.disable();
    },
  };
}

function tracerOver(): Tracer {
  const tracer = trace.getTracer('holdfast');
  return {
    inSpan: async (options, work) => {
      const { name, kind = 'internal', attributes = {}, from } = options;
      const parent = from ? propagation.extract(context.active(), from) : context.active();
      return await tracer.startActiveSpan(name, { kind: kinds[kind], attributes }, parent, async (span) => {
        try {
          return await work(activeSpan(span));
        } catch (error) {
          activeSpan(span).fail(codeOf(error));
          throw error;
        } finally {
          span.end();
        }
      });
    },
    traceId: () => trace.getActiveSpan()?.spanContext().traceId ?? null,
  };
}

const activeSpan = (span: Span): ActiveSpan => ({
  set: (attributes) => void span.setAttributes(attributes),
  rename: (name) => void span.updateName(name),
  // No text of an error: it may quote what a server or a store said.
  fail: (code) => void span.setAttribute('error.type', code).setStatus({ code: SpanStatusCode.ERROR, message: code }),
});

function codeOf(error: unknown): string {
  if (error instanceof HoldfastError) return error.code;
  return error instanceof Error ? error.name : 'error';
}

/** That traces do not arrive is said once; it is no reason to fill the log. */
function warnOnce(logger: Logger): void {
  let isTold = false;
  const quiet = (): void => undefined;
  const error = (problem: string): void => {
    if (!isTold) logger.warn({ problem }, 'traces do not reach their collector');
    isTold = true;
  };
  diag.setLogger({ error, warn: quiet, info: quiet, debug: quiet, verbose: quiet }, DiagLogLevel.ERROR);
}

function headersOf(text: string): Record<string, string> {
  const pairs = text
    .split(',')
    .map((pair) => /^\s*([^=\s]+)\s*=\s*(.*?)\s*$/.exec(pair))
    .flatMap((match) => (match ? [[match[1] ?? '', decodeURIComponent(match[2] ?? '')] as const] : []));
  return Object.fromEntries(pairs);
}
