import type { Telemetry } from 'bullmq';

/**
 * Has jobs carry the trace in which they were rung for, so that the work of a job belongs to it. Loaded only where there are traces.
 * @param isOn whether there are
 */
export async function openTelemetry(isOn: boolean): Promise<Telemetry | undefined> {
  if (!isOn) return undefined;
  const { BullMQOtel } = await import('bullmq-otel');
  return new BullMQOtel({ tracerName: 'holdfast' });
}
