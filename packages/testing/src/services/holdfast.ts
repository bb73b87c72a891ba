import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testDatabase, type TestDatabase } from '../postgres/index.ts';
import { releaseAtEnd } from '../resources.ts';
import { HoldfastClient } from './client.ts';
import { runProgram, startService, type Service, type ServiceName } from './service.ts';

export interface HoldfastOptions {
  workers?: number;
  schedulers?: number;
  /** Whether one watches: alerts are raised, protection is judged, notifications are sent. */
  sentinel?: boolean;
  /** The queue lives in Redis with it, and in the service's own database without. */
  redisUrl?: string | undefined;
  /** The service's own; a new one in the server that tests share when absent. */
  database?: TestDatabase;
  env?: Record<string, string>;
}

/** A whole Holdfast in processes of its own, with times short enough for tests to wait for. */
export interface Holdfast {
  client: HoldfastClient;
  /** The client's, which may do everything. */
  token: string;
  /** Another token of the same account. @param scopes separated by commas */
  newToken(scopes: string): Promise<string>;
  api: Service;
  workers: Service[];
  schedulers: Service[];
  /** The service's own. */
  database: TestDatabase;
  /** Where destinations of type `local` keep their objects. */
  localRoot: string;
  /** A further replica of the API. */
  startApi(env?: Record<string, string>): Promise<Service>;
  startWorker(env?: Record<string, string>): Promise<Service>;
  startScheduler(env?: Record<string, string>): Promise<Service>;
  startSentinel(env?: Record<string, string>): Promise<Service>;
  /** What all services printed, for the message of a failed test. */
  output(): string;
  /** Stops every service as an operator would and drops what belongs to it. */
  stop(): Promise<void>;
}

const fastTimes = {
  HOLDFAST_LEASE_SECONDS: '4',
  HOLDFAST_HEARTBEAT_SECONDS: '1',
  HOLDFAST_RETRY_BASE_SECONDS: '1',
  HOLDFAST_RETRY_CAP_SECONDS: '2',
  HOLDFAST_TICK_SECONDS: '0.4',
  HOLDFAST_RING_AGAIN_SECONDS: '2',
  HOLDFAST_SWEEP_DELAY_SECONDS: '1',
  HOLDFAST_GRACE_SECONDS: '2',
};

/** The sources of all tests are on one server. */
const roomy = { HOLDFAST_SERVER_CONCURRENCY: '100' };

type Admin = (...args: string[]) => Promise<string>;

const createToken = async (admin: Admin, scopes: string): Promise<string> =>
  (await admin('create-token', '--account=tests', '--name=e2e', `--scopes=${scopes}`)).trim();

/** As an operator does after the installation. @returns a token that may do everything */
async function prepare(admin: Admin): Promise<string> {
  await admin('migrate');
  await admin('create-account', 'tests');
  return createToken(admin, 'all');
}

interface Fresh {
  /** The name of its database, to which nobody is connected. */
  database: string;
  token: string;
}

/** What installations begin as copies of: three programs fewer for each. */
let fresh: Promise<Fresh> | undefined;

async function prepareFresh(): Promise<Fresh> {
  const database = await testDatabase();
  const environment = {
    ...fastTimes,
    DATABASE_URL: database.url,
    HOLDFAST_SECRET_KEYS: `fresh:${randomBytes(32).toString('base64')}`,
    HOLDFAST_LOCAL_ROOT: tmpdir(),
  };
  const token = await prepare((...args) => runProgram('services/api/src/admin.ts', args, environment));
  return { database: database.name, token };
}

export async function startHoldfast(options: HoldfastOptions = {}): Promise<Holdfast> {
  const { workers = 1, schedulers = 1, sentinel = false, redisUrl, env = {} } = options;
  const copied = options.database === undefined ? await (fresh ??= prepareFresh()) : null;
  const database = options.database ?? (await testDatabase(copied?.database));
  const localRoot = mkdtempSync(join(tmpdir(), 'holdfast-local-'));
  releaseAtEnd(async () => rmSync(localRoot, { recursive: true, force: true }));
  const environment: Record<string, string> = {
    ...fastTimes,
    ...roomy,
    DATABASE_URL: database.url,
    HOLDFAST_SECRET_KEYS: `test:${randomBytes(32).toString('base64')}`,
    HOLDFAST_LOCAL_ROOT: localRoot,
    HOLDFAST_ALLOWED_NETWORKS: '127.0.0.0/8,::1/128',
    ...(redisUrl === undefined ? {} : { REDIS_URL: redisUrl }),
    ...env,
  };
  const admin = (...args: string[]): Promise<string> => runProgram('services/api/src/admin.ts', args, environment);
  const newToken = (scopes: string): Promise<string> => createToken(admin, scopes);
  const token = copied?.token ?? (await prepare(admin));

  const all: Service[] = [];
  const start = async (name: ServiceName, more: Record<string, string> = {}): Promise<Service> => {
    const service = await startService(name, { ...environment, ...more });
    all.push(service);
    return service;
  };
  const several = (name: 'scheduler' | 'worker', count: number): Promise<Service[]> =>
    Promise.all(Array.from({ length: count }, () => start(name)));
  const [api, , startedWorkers, startedSchedulers] = await Promise.all([
    start('api'),
    sentinel ? start('sentinel') : null,
    several('worker', workers),
    several('scheduler', schedulers),
  ]);
  return {
    client: new HoldfastClient(api.url, token),
    token,
    newToken,
    api,
    workers: startedWorkers,
    schedulers: startedSchedulers,
    database,
    localRoot,
    startApi: (more) => start('api', more),
    startWorker: (more) => start('worker', more),
    startScheduler: (more) => start('scheduler', more),
    startSentinel: (more) => start('sentinel', more),
    output: () => all.map((service) => `--- ${service.name} ${service.pid}\n${service.output()}`).join('\n'),
    stop: async () => {
      await Promise.all(all.map((service) => service.stop()));
      await database.drop();
    },
  };
}
