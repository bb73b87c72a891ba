import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Writable } from 'node:stream';
import { createEngines } from '@holdfast/engines';
import { migrate, openPersistence } from '@holdfast/persistence';
import { openProducer, openQueuesForBoard, prepareQueue } from '@holdfast/queue';
import { parseSettings } from '@holdfast/shared/config';
import {
  attemptPrefix,
  Secret,
  type Account,
  type Backup,
  type BackupFile,
  type Database,
  type Destination,
  type Scope,
} from '@holdfast/shared/domain';
import { systemClock, systemIds } from '@holdfast/shared/lifecycle';
import { createLogger } from '@holdfast/shared/observability';
import { LinkSigner, SecretBox } from '@holdfast/shared/security';
import { checkEndpoint, openStore } from '@holdfast/stores';
import { testDatabase, type TestDatabase } from '@holdfast/testing/postgres';
import { startApi, type ApiDeps } from './index.ts';
import { mustAgree } from './openapi/agreement.test.ts';

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  /** The body where it is JSON. */
  json: Record<string, unknown>;
}

export interface Asked {
  token?: string | null;
  body?: unknown;
  /** Sent as it is instead of `body`. */
  raw?: string | Uint8Array<ArrayBuffer>;
  headers?: Record<string, string>;
}

/** An account with a destination, a database and tokens. */
export interface Tenant {
  account: Account;
  destination: Destination;
  database: Database;
  /** May do everything but administer. */
  token: string;
}

/** A whole API over a real database, queue and local store. */
export interface TestApi {
  url: string;
  deps: ApiDeps;
  own: TestDatabase;
  localRoot: string;
  rung: { name: string; jobId: string; payload: unknown }[];
  /** Everything that was logged, as text. */
  logged(): string;
  request(method: string, path: string, asked?: Asked): Promise<Answer>;
  tenant(name: string): Promise<Tenant>;
  token(account: Account, scopes: Scope[]): Promise<string>;
  /** A backup that is done, with an object of these bytes in its destination. */
  doneBackup(database: Database, content?: Buffer): Promise<{ backup: Backup; file: BackupFile }>;
  stop(): Promise<void>;
}

const ordinaryScopes: Scope[] = [
  'databases:read',
  'databases:write',
  'backups:read',
  'backups:create',
  'backups:delete',
  'restores:create',
  'destinations:read',
  'destinations:write',
];

/** The password of every database that tests register: it must never be seen again. */
export const databasePassword = 'pässword-that-must-not-be-seen';

export async function openApi(
  environment: Record<string, string> = {},
  change: Partial<ApiDeps> = {},
): Promise<TestApi> {
  const own = await testDatabase();
  const localRoot = mkdtempSync(join(tmpdir(), 'holdfast-api-'));
  const parsed = parseSettings({
    DATABASE_URL: own.url,
    HOLDFAST_SECRET_KEYS: `test:${randomBytes(32).toString('base64')}`,
    HOLDFAST_LOCAL_ROOT: localRoot,
    HOLDFAST_PORT: '0',
    HOLDFAST_GRACE_SECONDS: '2',
    // Tests send more in a minute than clients should.
    HOLDFAST_RATE_PER_TOKEN: '1000000',
    HOLDFAST_RATE_PER_ADDRESS: '1000000',
    HOLDFAST_RATE_REFUSED: '1000000',
    HOLDFAST_RATE_SIGN_IN: '1000000',
    ...environment,
  });
  if ('problems' in parsed) throw new Error(parsed.problems.join(' '));
  const { settings } = parsed;
  const lines: string[] = [];
  const sink = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      lines.push(chunk.toString());
      done();
    },
  });
  const logger = createLogger('api', 'debug', sink);
  const box = new SecretBox(settings.HOLDFAST_SECRET_KEYS);
  await migrate(settings.DATABASE_URL);
  const persistence = await openPersistence({ url: settings.DATABASE_URL, box, ids: systemIds });
  const connection = { redisUrl: null, databaseUrl: settings.DATABASE_URL };
  await prepareQueue(connection);
  const producer = openProducer(connection, { logger });
  const board = await openQueuesForBoard(connection);
  const rung: TestApi['rung'] = [];
  const deps: ApiDeps = {
    settings,
    logger,
    persistence,
    producer: {
      ping: () => producer.ping(),
      ring: async (name, payload, options) => {
        rung.push({ name, payload, jobId: options.jobId });
        await producer.ring(name, payload, options);
      },
    },
    boardQueues: board.queues,
    engines: createEngines({ clientFolders: [] }),
    openStore: (destination) =>
      openStore(destination, {
        localRoot,
        allowedNetworks: settings.HOLDFAST_ALLOWED_NETWORKS,
        partConcurrency: 2,
        patienceSeconds: 1,
      }),
    checkEndpoint: (endpoint) => checkEndpoint(endpoint, { allowedNetworks: settings.HOLDFAST_ALLOWED_NETWORKS }),
    linkSigner: new LinkSigner(settings.HOLDFAST_SECRET_KEYS),
    clock: systemClock,
    ids: systemIds,
    ...change,
  };
  const api = await startApi(deps);
  const token: TestApi['token'] = async (account, scopes) => {
    const { secret } = await persistence.accounts.createToken(account.id, { name: 'test', scopes, expiresAt: null });
    return secret.reveal();
  };
  return {
    url: api.url,
    deps,
    own,
    localRoot,
    rung,
    logged: () => lines.join(''),
    request: (method, path, asked) => ask(api.url, method, path, asked),
    token,
    tenant: async (name) => {
      const account = await persistence.accounts.create(name);
      const destination = await persistence.destinations.create(account.id, {
        label: 'Local',
        type: 'local',
        settings: { path: name },
      });
      const database = await persistence.databases.create(account.id, {
        name: `${name}-db`,
        type: 'postgresql',
        host: own.host,
        port: own.port,
        user: own.user,
        password: new Secret(databasePassword),
        database: own.name,
        options: { sslmode: 'disable' },
        destinationId: destination.id,
      });
      if (database === 'name_taken') throw new Error('The name of the test database is taken.');
      return { account, destination, database, token: await token(account, ordinaryScopes) };
    },
    doneBackup: async (database, content = randomBytes(100_000)) => {
      const wanted = { databaseId: database.id, destinationId: null, method: 'manual', requestId: null } as const;
      const made = await persistence.backups.create({ ...wanted, maxFailures: 3 });
      const claimed = made && (await persistence.backups.claim(made.id, { worker: 'test', seconds: 60 }));
      const destination = claimed && (await persistence.destinations.find(claimed.destinationId));
      if (!claimed || destination?.type !== 'local') throw new Error('The test backup could not be made.');
      const sha256 = createHash('sha256').update(content).digest('hex');
      const file: BackupFile = {
        id: systemIds.uuid(),
        backupId: claimed.id,
        role: 'dump',
        name: 'dump.pgdump.zst',
        key: `${attemptPrefix(claimed, claimed.attempt)}dump.pgdump.zst`,
        size: content.length,
        unencryptedSize: null,
        unencryptedSha256: null,
        plainSize: content.length * 3,
        checksum: `sha256:${sha256}`,
        plainSha256: sha256,
      };
      const path = join(localRoot, destination.settings.path, file.key);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, content);
      await persistence.backups.settle(claimed.id, claimed.attempt, { files: [file], manifestKey: 'manifest.json' });
      const backup = await persistence.backups.find(claimed.id);
      if (backup?.status !== 'done') throw new Error('The test backup is not done.');
      return { backup, file };
    },
    stop: async () => {
      await api.stop();
      await board.close();
      await producer.close();
      await persistence.close();
      await own.drop();
      rmSync(localRoot, { recursive: true, force: true });
    },
  };
}

async function ask(url: string, method: string, path: string, asked: Asked = {}): Promise<Answer> {
  const { token, body, raw, headers = {} } = asked;
  const text = raw ?? (body === undefined ? null : JSON.stringify(body));
  // As bytes, so that fetch adds no content type of its own.
  const content = typeof text === 'string' ? new TextEncoder().encode(text) : text;
  const answer = await fetch(`${url}${path}`, {
    method,
    redirect: 'manual',
    headers: {
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    body: content,
  });
  const received = await textOf(answer);
  mustAgree(method, path, { status: answer.status, headers: answer.headers, text: received });
  const isJson = answer.headers.get('content-type')?.startsWith('application/json') === true && received !== '';
  return {
    status: answer.status,
    headers: answer.headers,
    text: received,
    json: isJson ? (JSON.parse(received) as Record<string, unknown>) : {},
  };
}

/** The body; of a stream without an end what comes first. */
async function textOf(answer: Response): Promise<string> {
  if (answer.headers.get('content-type')?.startsWith('text/event-stream') !== true) return await answer.text();
  const reader = answer.body?.getReader();
  const first = await reader?.read();
  await reader?.cancel();
  return new TextDecoder().decode(first?.value);
}
