import type { Secret } from '../../domain/secret.ts';

/** Where traces go: a collector that takes OTLP over HTTP. */
export interface TraceTarget {
  /** Its base URL; traces are sent to `/v1/traces` below it. */
  endpoint: string;
  /** `name=value` pairs separated by commas, as OpenTelemetry has them; values are percent-encoded. */
  headers: Secret | null;
}
