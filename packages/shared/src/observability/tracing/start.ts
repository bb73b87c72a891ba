import type { Running } from '../../lifecycle/parts.ts';
import type { Logger } from '../logger.ts';
import { traceBy } from './span.ts';
import type { TraceTarget } from './target.ts';

/**
 * Sends traces where an operator wants them, and loads what that takes only then. `stop` sends what is left.
 * @param target null: there are no traces
 */
export async function startTracing(service: string, target: TraceTarget | null, logger: Logger): Promise<Running> {
  if (target === null) return { stop: async () => undefined };
  const { openTelemetry } = await import('./open-telemetry.ts');
  const { tracer, shutdown } = openTelemetry(service, target, logger);
  traceBy(tracer);
  return {
    stop: async () => {
      traceBy(null);
      await shutdown();
    },
  };
}
