import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestPostgres } from '@holdfast/testing/postgres';
import type { Holdfast } from '@holdfast/testing/services';
import { cpuSeconds, peakMemory, resetPeakMemory } from './process-stats.ts';
import { runBarePipe, type Run } from './pipe.ts';

export interface Comparison {
  pipe: Run[];
  local: Run[];
  s3: Run[];
}

export interface Destinations {
  local: number;
  s3: number;
}

/** Pairs measured side by side after one round that only warms up: in each round the bare pipe, then ours into a local store, then ours into S3. */
export async function compareBackups(
  source: { server: TestPostgres; database: string },
  holdfast: Holdfast,
  destinations: Destinations,
  rounds: number,
  tell: (text: string) => void,
): Promise<Comparison> {
  const { server, database } = source;
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-'));
  const register = (name: string, destination: number): Promise<string> =>
    holdfast.client.registerDatabase({
      name,
      host: server.host,
      port: server.port,
      user: server.user,
      password: server.password,
      database,
      destination_id: destination,
    });
  const local = await register('bench-local', destinations.local);
  const s3 = await register('bench-s3', destinations.s3);
  const result: Comparison = { pipe: [], local: [], s3: [] };
  try {
    for (let round = 0; round <= rounds; round += 1) {
      const pipe = await runBarePipe(server, database, join(folder, 'pipe.zst'));
      const runs = { pipe, local: await runOurs(holdfast, local), s3: await runOurs(holdfast, s3) };
      tell(
        `round ${round} of ${rounds}: ${Object.values(runs)
          .map(({ seconds }) => `${seconds.toFixed(2)} s`)
          .join(', ')}`,
      );
      if (round === 0) continue;
      result.pipe.push(runs.pipe);
      result.local.push(runs.local);
      result.s3.push(runs.s3);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return result;
}

/** From the POST until a client that looks ten times a second sees `done`. */
async function runOurs(holdfast: Holdfast, databaseId: string): Promise<Run> {
  const pid = holdfast.workers[0]?.pid ?? 0;
  resetPeakMemory(pid);
  const cpuBefore = cpuSeconds(pid);
  const started = performance.now();
  const { id } = await holdfast.client.backup(databaseId);
  const done = await holdfast.client.waitFor(id, ['done'], 3600, 100);
  const seconds = (performance.now() - started) / 1000;
  return { seconds, cpuSeconds: cpuSeconds(pid) - cpuBefore, peakBytes: peakMemory(pid), storedBytes: done.size ?? 0 };
}
