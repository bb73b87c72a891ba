import { spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import type { TestPostgres } from '@holdfast/testing/postgres';

export interface Run {
  seconds: number;
  cpuSeconds: number;
  /** Of the worker; null for the bare pipe. */
  peakBytes: number | null;
  storedBytes: number;
}

/** The connection as PostgreSQL's client programs take it, without a word in their arguments. */
export function clientEnvironment(server: TestPostgres, database: string): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
    PGHOST: server.host,
    PGPORT: String(server.port),
    PGUSER: server.user,
    PGPASSWORD: server.password,
    PGDATABASE: database,
  };
}

/** What one would do by hand: `pg_dump -Fc -Z0 | zstd -3 > file`. */
export async function runBarePipe(server: TestPostgres, database: string, file: string): Promise<Run> {
  const script = `TIMEFORMAT='%R %U %S'; time { pg_dump -Fc -Z0 | zstd -q -3 > '${file}'; }`;
  const child = spawn('bash', ['-o', 'pipefail', '-c', script], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: clientEnvironment(server, database),
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const code = await new Promise((resolve) => {
    child.once('close', resolve);
  });
  const [seconds, user, system] = said.trim().split('\n').at(-1)?.split(' ').map(Number) ?? [];
  if (code !== 0 || seconds === undefined || user === undefined || system === undefined) {
    throw new Error(`The bare pipe failed: ${said}`);
  }
  return { seconds, cpuSeconds: user + system, peakBytes: null, storedBytes: statSync(file).size };
}
