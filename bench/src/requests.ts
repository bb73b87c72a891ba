import type { Holdfast } from '@holdfast/testing/services';
import { percentile } from './statistics.ts';

export interface RequestRates {
  perSecond: number;
  p99Milliseconds: number;
}

/** `POST …/backups` from several clients at once; no worker runs, so that only the API and its database are measured. */
export async function measureRequests(
  holdfast: Holdfast,
  databaseId: string,
  total: number,
  clients: number,
): Promise<RequestRates> {
  const took: number[] = [];
  let sent = 0;
  const client = async (): Promise<void> => {
    while (sent < total) {
      sent += 1;
      const started = performance.now();
      await holdfast.client.backup(databaseId);
      took.push(performance.now() - started);
    }
  };
  const started = performance.now();
  await Promise.all(Array.from({ length: clients }, client));
  return { perSecond: total / ((performance.now() - started) / 1000), p99Milliseconds: percentile(took, 0.99) };
}
