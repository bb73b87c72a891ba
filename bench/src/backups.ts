import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestPostgres } from '@holdfast/testing/postgres';
import type { Holdfast } from '@holdfast/testing/services';
import { cpuSeconds, peakMemory, resetPeakMemory } from './process-stats.ts';
import { runBarePipe } from './pipe.ts';

export interface Run {
  seconds: number;
  cpuSeconds: number;
  /** Of the worker; null for the bare pipe. */
  peakBytes: number | null;
  storedBytes: number;
}

export interface Comparison {
  pipe: Run[];
  local: Run[];
  s3: Run[];
}

export interface Destinations {
  local: number;
  s3: number;
}

/** Pairs measured side by side: in each round the bare pipe, then ours into a local store, then ours into S3. */
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
    for (let round = 1; round <= rounds; round += 1) {
      const pipe = await runBarePipe(server, database, join(folder, 'pipe.zst'));
      result.pipe.push({
        seconds: pipe.seconds,
        cpuSeconds: pipe.cpuSeconds,
        peakBytes: null,
        storedBytes: pipe.bytes,
      });
      result.local.push(await runOurs(holdfast, local));
      result.s3.push(await runOurs(holdfast, s3));
      tell(
        `round ${round} of ${rounds}: ${[result.pipe, result.local, result.s3].map((runs) => `${runs.at(-1)?.seconds.toFixed(2)} s`).join(', ')}`,
      );
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return result;
}

/** From the POST until a client sees `done`. */
async function runOurs(holdfast: Holdfast, databaseId: string): Promise<Run> {
  const pid = holdfast.workers[0]?.pid ?? 0;
  resetPeakMemory(pid);
  const cpuBefore = cpuSeconds(pid);
  const started = performance.now();
  const { id } = await holdfast.client.backup(databaseId);
  const done = await holdfast.client.waitFor(id, ['done'], 3600);
  const seconds = (performance.now() - started) / 1000;
  return { seconds, cpuSeconds: cpuSeconds(pid) - cpuBefore, peakBytes: peakMemory(pid), storedBytes: done.size ?? 0 };
}
