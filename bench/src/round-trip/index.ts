import { newerDebian } from '@holdfast/testing/newer-debian';
import { releaseAll } from '@holdfast/testing/resources';
import { startHoldfast, type Holdfast } from '@holdfast/testing/services';
import { peakMemory, resetPeakMemory } from '../process-stats.ts';
import { mysqlSource } from './mysql.ts';
import { postgresqlSource } from './postgresql.ts';
import type { LargeSource } from './source.ts';

const sources: Readonly<Record<string, () => Promise<LargeSource>>> = {
  postgresql: postgresqlSource,
  mysql: () => mysqlSource('mysql'),
  mariadb: () => mysqlSource('mariadb'),
};

const newer = newerDebian();
const newerClients = newer === null ? {} : { HOLDFAST_CLIENTS: newer };
/** As in production, and without the look at the content, which takes time and no memory. */
const environment = {
  HOLDFAST_WORKER_CONCURRENCY: '1',
  HOLDFAST_LOG_LEVEL: 'warn',
  HOLDFAST_CONTENT: 'off',
  ...newerClients,
};
const hour = 3600;

/**
 * Backs up a database of a tenth of that size and one of the whole size by a real worker, restores both beside themselves,
 * compares the content and prints the peak memory of the worker at each step.
 * @returns whether both came back identical
 */
export async function runRoundTrip(engine: string, gigabytes: number): Promise<boolean> {
  const open = sources[engine];
  if (!open) throw new Error(`There is no round trip of "${engine}": it is one of ${Object.keys(sources).join(', ')}.`);
  try {
    const source = await open();
    const holdfast = await startHoldfast({ env: environment });
    const destination_id = await holdfast.client.createDestination({ label: 'local', type: 'local' });
    let same = true;
    for (const size of [gigabytes / 10, gigabytes]) {
      const database = `size_${String(size).replace('.', '_')}`;
      tell(`${engine}: filling ${size} GB`);
      const { bytes } = await source.fill(database, size);
      tell(`${engine}: ${(bytes / 1e9).toFixed(2)} GB on the server's disk`);
      const id = await holdfast.client.registerDatabase({ ...source.fields, name: database, database, destination_id });
      if (!(await oneTrip(holdfast, source, id, database))) same = false;
    }
    await holdfast.stop();
    return same;
  } finally {
    await releaseAll();
  }
}

async function oneTrip(holdfast: Holdfast, source: LargeSource, id: string, database: string): Promise<boolean> {
  const { client } = holdfast;
  const pid = holdfast.workers[0]?.pid ?? 0;
  const copy = `${database}_copy`;
  const backup = await measured('backup', pid, async () => {
    const { id: made } = await client.backup(id);
    return client.waitFor(made, ['done'], 2 * hour, 500);
  });
  tell(`  stored: ${((backup.size ?? 0) / 1e9).toFixed(2)} GB`);
  const restored = await measured('restore', pid, () =>
    client.restore(id, backup.id, { target: { new_database: copy } }, 2 * hour),
  );
  if (restored.status !== 'done') throw new Error(`The restore failed: ${JSON.stringify(restored.error)}`);
  const [before, after] = [await source.content(database), await source.content(copy)];
  const same = JSON.stringify(before) === JSON.stringify(after);
  tell(`  content: ${same ? 'identical' : 'DIFFERENT'} (${before.length} objects compared)`);
  await source.drop(copy);
  await source.drop(database);
  return same;
}

async function measured<T>(what: string, pid: number, work: () => Promise<T>): Promise<T> {
  resetPeakMemory(pid);
  const started = performance.now();
  const result = await work();
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  tell(`  ${what}: ${seconds} s, the worker's memory at its peak ${(peakMemory(pid) / 1e6).toFixed(0)} MB`);
  return result;
}

function tell(text: string): void {
  process.stdout.write(`${text}\n`);
}
