import { basename } from 'node:path';
import { startHoldfast, type BackupView, type Holdfast, type HoldfastOptions } from '@holdfast/testing/services';
import type { TestDatabase } from '@holdfast/testing/postgres';
import { startRedis } from '@holdfast/testing/redis';
import { until } from '@holdfast/testing/until';
import { filesBelow } from './files.ts';

/** Starts a Holdfast for all tests of a suite, and prints what it logged when one of them fails. */
export function useHoldfast(options: () => Promise<HoldfastOptions> | HoldfastOptions = () => ({})): () => Holdfast {
  let started: Holdfast | undefined;
  const running = (): Holdfast => {
    if (!started) throw new Error('Holdfast runs only inside the tests of its suite.');
    return started;
  };
  before(async function start() {
    this.timeout(90_000);
    started = await startHoldfast(await options());
  });
  afterEach(function explain() {
    if (this.currentTest?.state === 'failed') process.stderr.write(`${withoutRequests(running().output())}\n`);
  });
  after(async function stop() {
    this.timeout(30_000);
    await started?.stop();
  });
  return running;
}

/** The tests' own polling would bury the rest. */
const withoutRequests = (output: string): string =>
  output
    .split('\n')
    .filter((line) => !line.includes('"request ended"'))
    .join('\n');

/** Both places that the queue can live in. */
export const queues: readonly { name: string; options: () => Promise<HoldfastOptions> }[] = [
  { name: 'queue in PostgreSQL', options: async () => ({}) },
  { name: 'queue in Redis', options: async () => ({ redisUrl: (await startRedis()).url }) },
];

let names = 0;

/** Registers a source database under a name of its own. @returns its id */
export async function register(
  { client }: Holdfast,
  source: TestDatabase,
  destinationId: number,
  changes: { host?: string; port?: number; user?: string; password?: string } = {},
): Promise<string> {
  names += 1;
  const { host, port, user, password, name: database } = source;
  const fields = { host, port, user, password, database, ...changes };
  return await client.registerDatabase({ name: `source ${names}`, ...fields, destination_id: destinationId });
}

/** Creates a destination in a folder of its own below the local root. */
export async function localDestination({ client }: Holdfast, path: string): Promise<number> {
  return await client.createDestination({ label: path, type: 'local', path });
}

/** The names of the objects of a whole backup without globals, sorted. */
export const wholeBackup: readonly string[] = ['content.json.zst', 'dump.pgdump.zst', 'manifest.json'];

/** What is stored of a backup, by the names of its attempts' folders, sorted. */
export function storedAttempts(paths: readonly string[], backupId: string): Record<string, string[]> {
  const attempts: Record<string, string[]> = {};
  for (const path of paths) {
    const [, attempt, name] = new RegExp(`${backupId}/(a\\d+)/(.*)$`).exec(path) ?? [];
    if (attempt !== undefined && name !== undefined) (attempts[attempt] ??= []).push(basename(name));
  }
  for (const names of Object.values(attempts)) names.sort();
  return attempts;
}

export function storedLocally({ localRoot }: Holdfast, backupId: string): Record<string, string[]> {
  return storedAttempts(filesBelow(localRoot), backupId);
}

/** Waits until every attempt of a backup that did not settle was swept. */
export async function untilSwept({ database }: Holdfast, backupId: string): Promise<void> {
  await until(`the sweep of ${backupId}`, 20, async () => {
    const [row] = await database.query(
      `select count(*)::int as left from holdfast.backup_attempts
       where backup_id = '${backupId}' and not settled and swept_at is null`,
    );
    return row?.['left'] === 0;
  });
}

/** The attempts of a backup that settled. */
export async function settledAttempts({ database }: Holdfast, { id }: BackupView): Promise<unknown[]> {
  const rows = await database.query(
    `select attempt from holdfast.backup_attempts where backup_id = '${id}' and settled order by 1`,
  );
  return rows.map((row) => row['attempt']);
}
