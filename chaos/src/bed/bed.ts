import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@holdfast/embedded';
import { startPostgres, type TestPostgres } from '@holdfast/testing/postgres';
import { startRedis, type TestRedis } from '@holdfast/testing/redis';
import { runProgram, type ServiceName } from '@holdfast/testing/services';
import { until } from '@holdfast/testing/until';
import type { Journal } from '../journal.ts';
import { Proxy } from '../proxy.ts';
import { Disk } from './disk.ts';
import { Receiver } from './receiver.ts';
import { S3Place } from './s3.ts';
import { ServicePlace } from './service.ts';

export const backends = ['redis', 'postgresql'] as const;
/** Where the queue lives. */
export type Backend = (typeof backends)[number];

/** Seconds of the lease, which pauses of processes must outlast. */
export const leaseSeconds = 4;

/** Times short enough that everything happens within minutes. */
const shortTimes = {
  HOLDFAST_LEASE_SECONDS: String(leaseSeconds),
  HOLDFAST_HEARTBEAT_SECONDS: '1',
  HOLDFAST_RETRY_BASE_SECONDS: '0.5',
  HOLDFAST_RETRY_CAP_SECONDS: '2',
  HOLDFAST_TICK_SECONDS: '0.2',
  HOLDFAST_RING_AGAIN_SECONDS: '2',
  HOLDFAST_SWEEP_DELAY_SECONDS: '1',
  HOLDFAST_DELETE_AGAIN_SECONDS: '1',
  HOLDFAST_GRACE_SECONDS: '2',
  HOLDFAST_MAX_FAILURES: '5',
  HOLDFAST_DELETION_GRACE_SECONDS: '4',
  // What restores keep on purpose would hide what they leave by mistake.
  HOLDFAST_FORMER_HOURS: '0',
  HOLDFAST_RETENTION_SECONDS: '1',
  HOLDFAST_STALL_SECONDS: '10',
  HOLDFAST_RESTORE_STALL_SECONDS: '20',
  HOLDFAST_SERVER_CONCURRENCY: '4',
  HOLDFAST_LOCK_TIMEOUT_SECONDS: '10',
  HOLDFAST_STORE_PATIENCE_SECONDS: '20',
  HOLDFAST_RECONCILE_SECONDS: '10',
  HOLDFAST_ORPHAN_GRACE_SECONDS: '5',
  HOLDFAST_ALERT_SECONDS: '2',
  HOLDFAST_SILENT_SECONDS: '10',
  HOLDFAST_RATE_PER_TOKEN: '1000000',
  HOLDFAST_RATE_PER_ADDRESS: '1000000',
};

const places: readonly [ServiceName, string][] = [
  ['api', 'api-1'],
  ['api', 'api-2'],
  ['scheduler', 'scheduler-1'],
  ['scheduler', 'scheduler-2'],
  ['sentinel', 'sentinel-1'],
  ['sentinel', 'sentinel-2'],
  ['worker', 'worker-1'],
  ['worker', 'worker-2'],
  ['worker', 'worker-3'],
];

/** Where links in notifications lead. */
const publicUrl = 'https://holdfast.example.com';

/** The user that backups connect as; its password needs quoting everywhere. */
export const sourceUser = 'backup user';

export interface Bed {
  backend: Backend;
  journal: Journal;
  services: ServicePlace[];
  /** The service's own server and database. */
  postgres: TestPostgres;
  database: string;
  source: TestPostgres;
  /** Null when the queue lives in the service's own database. */
  redis: TestRedis | null;
  redisPassword: string;
  s3: S3Place;
  disk: Disk;
  /** Of the notifications. */
  receiver: Receiver;
  /** In front of each server for each service, and of S3, the source and the receiver for all. */
  proxies: Proxy[];
  sourceProxy: Proxy;
  s3Proxy: Proxy;
  receiverProxy: Proxy;
  token: string;
  sourcePassword: string;
  /** Everything that must be found in no log, row or queue, by name. */
  secrets: Record<string, string>;
  /** Runs the operator's command line. @returns what it printed @throws Error when it fails */
  admin: (...args: string[]) => Promise<string>;
  stop(): Promise<void>;
}

/** A commit that was answered survives the death of the server; only the machine's own death would lose it. */
const surviving = { fsync: 'off', synchronous_commit: 'on', full_page_writes: 'off', max_connections: '300' };

/** Starts everything but the services. */
export async function startBed(backend: Backend, journal: Journal): Promise<Bed> {
  const odd = (): string => `${randomBytes(10).toString('hex')}/:@ %+'"\\`;
  const [postgres, source] = [
    await startPostgres({ settings: surviving }),
    await startPostgres({ settings: surviving }),
  ];
  const database = 'holdfast';
  await postgres.createDatabase(database);
  const sourcePassword = odd();
  await source.query(
    'postgres',
    `create role "${sourceUser}" superuser login password '${sourcePassword.replaceAll("'", "''")}'`,
  );
  const redisPassword = randomBytes(18).toString('base64url');
  const redis = backend === 'redis' ? await startRedis({ password: redisPassword }) : null;
  const s3Secret = randomBytes(20).toString('base64');
  const s3 = await S3Place.start(join(journal.folder, 's3'), s3Secret, journal);
  const receiver = await Receiver.start(journal);
  const disk = new Disk(tmpdir());
  const secretKey = randomBytes(32).toString('base64');

  const proxies: Proxy[] = [];
  const proxy = async (name: string, port: number): Promise<Proxy> => {
    const begun = await Proxy.start(name, port);
    proxies.push(begun);
    return begun;
  };
  const environment = {
    ...shortTimes,
    DATABASE_URL: postgres.url(database),
    ...(redis ? { REDIS_URL: redis.url } : {}),
    HOLDFAST_SECRET_KEYS: `chaos:${secretKey}`,
    HOLDFAST_LOCAL_ROOT: disk.root,
    HOLDFAST_PUBLIC_URL: publicUrl,
    HOLDFAST_ALLOWED_NETWORKS: '127.0.0.0/8,::1/128',
  };
  const through = (url: string, { port }: Proxy): string => Object.assign(new URL(url), { port: String(port) }).href;
  const environmentOf = async (name: string): Promise<Record<string, string>> => ({
    ...environment,
    DATABASE_URL: through(postgres.url(database), await proxy(`${name} to database`, postgres.port)),
    ...(redis ? { REDIS_URL: through(redis.url, await proxy(`${name} to redis`, redis.port)) } : {}),
  });
  const services = await Promise.all(
    places.map(
      async ([kind, name]) => new ServicePlace(kind, name, await freePort(), await environmentOf(name), journal),
    ),
  );

  const admin = (...args: string[]): Promise<string> => runProgram('services/api/src/admin.ts', args, environment);
  await admin('migrate');
  await admin('create-account', 'chaos');
  const token = (await admin('create-token', '--account=chaos', '--name=driver', '--scopes=all')).trim();

  return {
    backend,
    journal,
    services,
    postgres,
    database,
    source,
    redis,
    redisPassword,
    s3,
    disk,
    receiver,
    proxies,
    sourceProxy: await proxy('to source', source.port),
    s3Proxy: await proxy('to s3', s3.port),
    receiverProxy: await proxy('to webhook receiver', receiver.port),
    admin,
    token,
    sourcePassword,
    secrets: {
      'password of the service database': postgres.password,
      'password of the source database': sourcePassword,
      'secret key of S3': s3Secret,
      'API token': token,
      'key of the secrets': secretKey,
      ...(redis ? { 'password of Redis': redisPassword } : {}),
    },
    stop: async () => {
      await Promise.all(services.map((service) => service.kill()));
      await s3.kill();
      await receiver.stop();
      await Promise.all(proxies.map((one) => one.stop()));
      await redis?.kill();
      await Promise.all([postgres.kill(), source.kill()]);
      disk.remove();
    },
  };
}

/** Starts all services at once, in no order, and waits until each is ready. */
export async function startServices({ services }: Bed): Promise<void> {
  for (const service of services) service.start();
  await untilReady(services, 120);
}

export async function untilReady(services: readonly ServicePlace[], seconds: number): Promise<void> {
  for (const service of services) {
    await until(`${service.name} to be ready`, seconds, () => service.answers('/readyz'), undefined, 200);
  }
}
