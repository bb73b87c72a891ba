import { randomUUID } from 'node:crypto';
import { createEngines } from '@holdfast/engines';
import { compareContent, type Connection } from '@holdfast/shared/domain';
import { calm, newDatabase, startWriters, totalOfAccounts, writersStatements } from '@holdfast/testing/engines';
import { startPostgres, type TestPostgres } from '@holdfast/testing/postgres';
import { releaseAll } from '@holdfast/testing/resources';
import { until } from '@holdfast/testing/until';

/** Rows of the largest table at the beginning. */
const rows = 60_000;

/**
 * Dumps with content at full speed of concurrent writers, restores each dump into a new database and compares it with the
 * content that was measured beside the dump. Prints each run, and how many were identical.
 * @returns whether all were
 */
export async function runWriters(runs: number, clients: number): Promise<boolean> {
  try {
    const server = await startPostgres({ settings: { shared_buffers: '256MB', max_wal_size: '4GB' } });
    const source = await newDatabase('empty', server);
    await server.query(source.database, ...writersStatements(rows));
    let identical = 0;
    for (let run = 1; run <= runs; run += 1) {
      const { problems, transactions, seconds } = await oneRun(server, source, `copy_${run}`, clients);
      if (problems.length === 0) identical += 1;
      const verdict = problems.length === 0 ? 'identical' : `DIFFERS: ${problems.slice(0, 3).join(' ')}`;
      tell(
        `run ${run} of ${runs}: ${transactions} transactions during the dump of ${seconds.toFixed(2)} s, ${verdict}`,
      );
    }
    tell(`${identical}/${runs} identical`);
    return identical === runs;
  } finally {
    await releaseAll();
  }
}

interface Run {
  problems: string[];
  /** Transactions of the writers while the dump was made. */
  transactions: number;
  seconds: number;
}

async function oneRun(server: TestPostgres, source: Connection, database: string, clients: number): Promise<Run> {
  const engine = createEngines({ clientFolders: [] }).get('postgresql');
  const writers = await startWriters(source, clients);
  await until('the writers write', 30, () => writers.transactions > 50);
  const before = writers.transactions;
  const started = performance.now();
  const dump = await engine.dump(source, calm(), { content: 'full', contentSeconds: 600 });
  const request = { target: { mode: 'new_database', database }, ownership: 'skip', restoreId: randomUUID() } as const;
  let dumped = { transactions: 0, seconds: 0 };
  dump.stream.once('end', () => {
    dumped = { transactions: writers.transactions - before, seconds: (performance.now() - started) / 1000 };
  });
  await engine.restore(source, request, dump.stream, calm());
  const content = await dump.content;
  await writers.stop();
  if (!content) throw new Error('The dump has no content.');
  const copy = { ...source, database };
  const differences = compareContent(content, await engine.readContent(copy, content, calm()));
  const problems = [...content.missing, ...differences.map(({ message }) => message)];
  const [sum] = await server.query(database, 'select sum(balance)::int as total from accounts');
  if (sum?.['total'] !== totalOfAccounts) problems.push(`The accounts hold ${String(sum?.['total'])} together.`);
  await server.query('postgres', `drop database "${database}" with (force)`);
  return { problems, ...dumped };
}

function tell(text: string): void {
  process.stdout.write(`${text}\n`);
}
