import { spawnSync } from 'node:child_process';
import { cpus } from 'node:os';
import { Secret } from '@holdfast/shared/domain';
import { sampleStatements } from '@holdfast/testing/engines';
import { startPostgres, testDatabase, type TestPostgres } from '@holdfast/testing/postgres';
import { measureJobsPerSecond } from '@holdfast/testing/queue';
import { redisAvailable, startRedis } from '@holdfast/testing/redis';
import { releaseAll } from '@holdfast/testing/resources';
import { startHoldfast, type Holdfast } from '@holdfast/testing/services';
import { prepareQueue } from '@holdfast/queue';
import { compareBackups, type Comparison, type Destinations } from './backups.ts';
import { clientEnvironment, type Run } from './pipe.ts';
import { measureContent } from './content.ts';
import { measureRequests } from './requests.ts';
import { startS3Process } from './s3-process.ts';
import { median } from './statistics.ts';

export interface BenchOptions {
  /** 1 is about 1.2 GB. */
  scale: number;
  pairs: number;
  /** A file for psql that fills the database instead, given the scale as a variable. */
  sqlFile: string | null;
}

const rowsAtScaleOne = 1_400_000;
const database = 'bench';
const contentRounds = 3;
/** As in production: the times that tests shorten are the defaults again. */
const environment = {
  HOLDFAST_LEASE_SECONDS: '60',
  HOLDFAST_HEARTBEAT_SECONDS: '10',
  HOLDFAST_TICK_SECONDS: '1',
  HOLDFAST_RING_AGAIN_SECONDS: '30',
  HOLDFAST_WORKER_CONCURRENCY: '1',
  HOLDFAST_LOG_LEVEL: 'warn',
  // It asks faster than a client may.
  HOLDFAST_RATE_PER_TOKEN: '1000000',
  HOLDFAST_RATE_PER_ADDRESS: '1000000',
};

/** Measures side by side in one run and prints one table. */
export async function runBench(options: BenchOptions): Promise<void> {
  try {
    tell(`filling a database at scale ${options.scale}`);
    const server = await startPostgres({ settings: { shared_buffers: '512MB', max_wal_size: '8GB' } });
    await fill(server, options);
    const backups = await measureBackups(server, options.pairs);
    const content = await measureContent({ server, database }, contentRounds, tell);
    const requests = await measureApi(server);
    const jobs = await measureQueues();
    print(options, backups, [...content, ...requests, ...jobs]);
  } finally {
    await releaseAll();
  }
}

async function fill(server: TestPostgres, { scale, sqlFile }: BenchOptions): Promise<void> {
  await server.createDatabase(database);
  if (sqlFile === null) {
    await server.query(
      database,
      ...sampleStatements(Math.ceil(rowsAtScaleOne * scale)),
      'vacuum analyze',
      'checkpoint',
    );
    return;
  }
  const { status, stderr } = spawnSync('psql', ['--quiet', `--set=scale=${scale}`, '--file', sqlFile], {
    encoding: 'utf8',
    env: clientEnvironment(server, database),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  if (status !== 0) throw new Error(`psql could not run ${sqlFile}: ${stderr}`);
  await server.query(database, 'vacuum analyze', 'checkpoint');
}

async function measureBackups(server: TestPostgres, pairs: number): Promise<Comparison> {
  const holdfast = await startHoldfast({ env: environment });
  const destinations = await createDestinations(holdfast);
  const source = { server, database };
  tell('bare pipe, local store, S3; round 0 warms up:');
  const comparison = await compareBackups(source, holdfast, destinations, pairs, tell);
  await holdfast.stop();
  return comparison;
}

async function createDestinations(holdfast: Holdfast): Promise<Destinations> {
  const s3 = await startS3Process();
  return {
    local: await holdfast.client.createDestination({ label: 'local', type: 'local' }),
    s3: await holdfast.client.createDestination({
      label: 's3',
      type: 'custom_s3',
      s3_endpoint: s3.endpoint,
      s3_bucket_name: s3.bucket,
      s3_access_key: s3.accessKey,
      s3_secret_key: s3.secretKey,
      path_style_endpoint: true,
    }),
  };
}

type Line = readonly [what: string, value: string];

async function measureApi(server: TestPostgres): Promise<Line[]> {
  const holdfast = await startHoldfast({ workers: 0, schedulers: 0, env: environment });
  const { host, port, user, password } = server;
  await holdfast.client.createDestination({ label: 'local', type: 'local' });
  const id = await holdfast.client.registerDatabase({ name: 'bench', host, port, user, password, database });
  await measureRequests(holdfast, id, 200, 8);
  const { perSecond, p99Milliseconds } = await measureRequests(holdfast, id, 2000, 8);
  await holdfast.stop();
  return [['POST …/backups, 8 clients', `${perSecond.toFixed(0)}/s, p99 ${p99Milliseconds.toFixed(1)} ms`]];
}

async function measureQueues(): Promise<Line[]> {
  const { url } = await testDatabase();
  const onPostgres = { redisUrl: null, databaseUrl: new Secret(url) };
  await prepareQueue(onPostgres);
  const lines: Line[] = [
    ['queue on PostgreSQL', `${(await measureJobsPerSecond(onPostgres, 2000)).toFixed(0)} jobs/s`],
  ];
  if (!redisAvailable()) return [...lines, ['queue on Redis', 'not measured: redis-server is not installed']];
  const redis = await startRedis();
  const onRedis = { redisUrl: new Secret(redis.url), databaseUrl: new Secret(url) };
  return [...lines, ['queue on Redis', `${(await measureJobsPerSecond(onRedis, 5000)).toFixed(0)} jobs/s`]];
}

function print({ scale, pairs }: BenchOptions, { pipe, local, s3 }: Comparison, others: readonly Line[]): void {
  const of = (runs: readonly Run[], value: (run: Run) => number): number => median(runs.map(value));
  const ratios = (runs: readonly Run[], value: (run: Run) => number): number =>
    median(runs.map((run, index) => value(run) / value(pipe[index] ?? run)));
  const row = (name: string, runs: readonly Run[]): string[] => {
    const peak = of(runs, (run) => run.peakBytes ?? 0);
    return [
      name,
      of(runs, (run) => run.seconds).toFixed(2),
      ratios(runs, (run) => run.seconds).toFixed(2),
      of(runs, (run) => run.cpuSeconds).toFixed(2),
      ratios(runs, (run) => run.cpuSeconds).toFixed(2),
      peak === 0 ? '' : (peak / 1024 / 1024).toFixed(0),
      (of(runs, (run) => run.storedBytes) / 1e6).toFixed(1),
    ];
  };
  const head = ['', 'seconds', '× pipe', 'CPU s', '× pipe', 'peak RSS MiB', 'stored MB'];
  const table = [
    head,
    row('pg_dump -Fc -Z0 | zstd -3 > file', pipe),
    row('holdfast, local store', local),
    row('holdfast, S3', s3),
  ];
  const widths = head.map((_name, column) => Math.max(...table.map((cells) => (cells[column] ?? '').length)));
  const lines = table.map((cells) =>
    cells
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  '),
  );
  const model = cpus()[0]?.model ?? 'unknown processor';
  process.stdout.write(
    `\nscale ${scale}, medians of ${pairs}, ${cpus().length} × ${model}, Node.js ${process.versions.node}\n\n`,
  );
  process.stdout.write(`${lines.join('\n')}\n\n${others.map(([what, value]) => `${what}: ${value}`).join('\n')}\n`);
}

function tell(text: string): void {
  process.stderr.write(`${text}\n`);
}
