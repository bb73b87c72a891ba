import { Secret, type PolicyRun, type Restore, type Schedule, type Verification } from '@holdfast/shared/domain';
import type { TestS3 } from '@holdfast/testing/s3';
import type { Tenant, TestApi } from '../harness.test.ts';
import type { Route } from '../http/route.ts';

/** Bodies that succeed; a route that reads one and is not here gets `{}`. */
const bodies: Record<string, unknown> = {
  'POST /api/databases': {
    database: { name: 'new', type: 'postgresql', host: 'db.example.com', port: 5432, user: 'app' },
  },
  'POST /api/database-tests': {
    database: { name: 'tried', type: 'postgresql', host: '127.0.0.1', port: 1, user: 'app' },
  },
  'PATCH /api/databases/:db': { database: { user: 'other' } },
  'PUT /api/databases/:db': { database: { user: 'other' } },
  'POST /api/databases/:db/schedules': { cron: '0 3 * * *' },
  'POST /api/tokens': { token: { name: 'new', scopes: ['backups:read'] } },
  'POST /api/session': { token: `hf_${'A'.repeat(43)}` },
  'POST /api/backup-destinations': { label: 'New', type: 'local', path: 'new' },
  'POST /api/servers': { server: { name: 'new' } },
  'POST /api/notification-channels': { name: 'new', type: 'webhook', url: 'https://127.0.0.1:9/hook' },
  'POST /api/server-policies': {
    server_policy: { name: 'new', type: 'postgresql', host: 'db.example.com', user: 'app', cron: '0 3 * * *' },
  },
  'PATCH /api/server-policies/:id': { server_policy: { user: 'other' } },
  'PUT /api/server-policies/:id': { server_policy: { user: 'other' } },
  'POST /api/server-policies/:id/databases/:db/vanished': { expected: true },
  'POST /api/databases/:db/backups/:id/restore/preflight': {
    target: { new_database: 'looked at' },
    selection: { schemas: ['billing'], tables: ['public.orders'] },
    allow_damaged: false,
  },
  'POST /v1/backups/:id/restore': { target: { new_database: 'from v1' } },
  'PATCH /v1/backups/:id': { locked: false },
  'POST /api/remote/backups/:backup': { successful: false },
  'POST /api/remote/backups/:backup/restore': { successful: true },
};

/** Queries that routes cannot do without. */
const queries: Record<string, string> = {
  'GET /api/remote/backups/:backup': '?size=100',
  'GET /api/schedule-times': '?cron=30%203%20*%20*%20*',
};

export const keyOf = ({ method, path }: Route): string => `${method} ${path}`;
export const bodyOf = (route: Route): unknown => (route.method === 'GET' ? undefined : (bodies[keyOf(route)] ?? {}));
export const queryOf = (route: Route): string => queries[keyOf(route)] ?? '';

/** One object of an account for each parameter of each path, and tokens for all routes. */
export interface Objects {
  /** By the beginning of a path up to its parameter. */
  ids: Readonly<Record<string, string>>;
  adminToken: string;
  serverToken: string;
}

/** The token that a route asks for. */
export const tokenFor = ({ scope }: Route, { adminToken, serverToken }: Objects): string =>
  scope === 'server' ? serverToken : adminToken;

/** The route's path with every parameter filled in; a parameter that no object is known for fails the test. */
export function fill(path: string, { ids }: Objects, change: (id: string) => string = (id) => id): string {
  return path.split('/').reduce((filled, part, index, parts) => {
    if (!part.startsWith(':')) return index === 0 ? part : `${filled}/${part}`;
    const id = ids[parts.slice(0, index + 1).join('/')];
    if (id === undefined) throw new Error(`No object is known for ${part} of ${path}: add one to objects.test.ts.`);
    return `${filled}/${change(id)}`;
  }, '');
}

export async function objectsOf(api: TestApi, tenant: Tenant, s3: TestS3): Promise<Objects> {
  const { database, destination, account } = tenant;
  const { accounts, schedules, restores } = api.deps.persistence;
  const { token } = await accounts.createToken(account.id, { name: 't', scopes: [], expiresAt: null });
  const { backup } = await api.doneBackup(database);
  const schedule = (await schedules.create(account.id, {
    databaseId: database.id,
    destinationId: null,
    cron: '0 3 * * *',
    timezone: 'UTC',
    retention: {},
    enabled: true,
    catchUp: 'once',
    overlap: 'skip',
    graceSeconds: 60,
    jitterSeconds: 0,
    isPeriodicSetting: false,
  })) as Schedule;
  const restore = (await restores.create({
    backupId: backup.id,
    databaseId: database.id,
    target: { mode: 'new_database', database: 'elsewhere' },
    ownership: 'skip',
    fileIds: null,
    requestId: null,
    maxFailures: 1,
  })) as Restore;
  const verification = (await api.deps.persistence.verifications.create({
    backupId: (await api.doneBackup(database)).backup.id,
    scratchDatabaseId: null,
    cause: 'manual',
    level: 'readable',
    requestId: null,
    maxFailures: 1,
  })) as Verification;
  const damaged = await api.doneBackup(database);
  await api.deps.persistence.backups.markDamaged(damaged.backup.id, { state: 'missing', detail: 'x' });
  await api.deps.persistence.alerts.update();
  const [alert] = await api.deps.persistence.alerts.list(account.id, { open: true, limit: 1 });
  const remote = await remoteObjectsOf(api, tenant, s3);
  const policy = await policyObjectsOf(api, tenant);
  const channel = await channelObjectsOf(api, tenant);
  return {
    ids: {
      '/api/databases/:db': database.id,
      '/api/databases/:db/backups/:id': backup.id,
      '/api/backups/:id': backup.id,
      '/api/verifications/:id': verification.id,
      '/api/databases/:db/schedules/:id': schedule.id,
      '/api/databases/:db/backup_restorations/:rid': restore.id,
      '/api/alerts/:alert': alert?.id ?? '',
      '/api/backup-destinations/:id': String(destination.id),
      '/api/tokens/:id': token.id,
      '/v1/backups/:id': backup.id,
      '/v1/backups/:id/restores/:rid': restore.id,
      '/api/servers/:id': String(remote.serverId),
      '/api/server-policies/:id': policy.id,
      '/api/server-policies/:id/runs/:run': policy.runId,
      '/api/server-policies/:id/databases/:db': policy.vanishedId,
      '/api/notification-channels/:channel': channel.id,
      '/api/notification-deliveries/:delivery': channel.deliveryId,
      '/api/remote/backups/:backup': remote.backupId,
      '/api/remote/jobs/:id': remote.backupId,
    },
    adminToken: await api.token(account, ['admin']),
    serverToken: remote.token,
  };
}

/** A channel with a message that was given up. */
async function channelObjectsOf(api: TestApi, { account }: Tenant): Promise<{ id: string; deliveryId: string }> {
  const { channels, notifications } = api.deps.persistence;
  const created = await channels.create(account.id, {
    name: `channel of ${account.name}`,
    type: 'ntfy',
    settings: {},
    secrets: { url: new Secret('https://127.0.0.1:9/topic') },
    rules: {
      events: null,
      leastSeverity: 'info',
      databases: null,
      digestMinutes: null,
      repeatHours: null,
      mostPerHour: 60,
    },
    enabled: true,
  });
  if (created === 'name_taken') throw new Error('The name of the test channel is taken.');
  const deliveryId = await notifications.test(created, 'A test.');
  await notifications.giveUp(deliveryId, 'Nobody sent it.');
  return { id: created.id, deliveryId };
}

/** A policy with a run that is done, and a database that vanished afterwards. */
async function policyObjectsOf(api: TestApi, { account, destination, database }: Tenant) {
  const { policies, policyRuns, backups } = api.deps.persistence;
  const created = await policies.create(account.id, {
    name: `servers of ${account.name}`,
    type: 'postgresql',
    host: database.host ?? '',
    port: database.port ?? 0,
    user: 'nobody',
    password: new Secret('servers'),
    database: 'postgres',
    options: { sslmode: 'disable' },
    destinationId: destination.id,
    include: ['*'],
    exclude: [],
    globals: false,
    cron: '0 3 * * *',
    timezone: 'UTC',
    jitterSeconds: 0,
    retention: {},
    verification: null,
    enabled: true,
  });
  if (created === 'name_taken') throw new Error('The name of the test policy is taken.');
  const run = async (...names: string[]): Promise<string> => {
    const made = await policyRuns.create({ policyId: created.id, requestId: null, maxFailures: 1 });
    const claimed = await policyRuns.claim((made as PolicyRun).id, { worker: 'test', seconds: 60 });
    const listing = { server: created, databases: names.map((name) => ({ name, sizeBytes: 1 })), maxFailures: 1 };
    await policyRuns.settle(claimed?.id ?? '', claimed?.attempt ?? 0, listing);
    return claimed?.id ?? '';
  };
  const runId = await run('kept', 'dropped');
  for (const { id } of await policyRuns.backupsOf(runId)) {
    const claimed = await backups.claim(id, { worker: 'test', seconds: 60 });
    await backups.settle(id, claimed?.attempt ?? 0, { files: [], manifestKey: `${id}/manifest.json` });
  }
  await run('kept');
  const vanished = (await policies.members(created.id)).find(({ vanishedAt }) => vanishedAt !== null);
  return { id: created.id, runId, vanishedId: vanished?.id ?? '' };
}

/** A server and a backup that waits for it; a second one waits for whoever claims. */
async function remoteObjectsOf(api: TestApi, { account }: Tenant, s3: TestS3) {
  const { databases, destinations, backups, servers } = api.deps.persistence;
  const created = await servers.create(account.id, `node of ${account.name}`);
  if (created === 'name_taken') throw new Error('The name of the test server is taken.');
  const bucket = await destinations.create(account.id, {
    label: 'S3',
    type: 'custom_s3',
    settings: { ...s3, endpoint: s3.endpoint, pathStyle: true, prefix: '', maxParts: 10_000 },
    accessKey: new Secret(s3.accessKey),
    secretKey: new Secret(s3.secretKey),
  });
  const waiting = async (name: string): Promise<string> => {
    const nowhere = { host: null, port: null, user: null, password: null, options: {} };
    const serverId = created.server.id;
    const remote = { name, type: 'files', serverId, database: name, destinationId: bucket.id, ...nowhere } as const;
    const database = await databases.create(account.id, remote);
    const databaseId = database === 'name_taken' ? '' : database.id;
    const wanted = { databaseId, destinationId: null, method: 'manual', requestId: null, maxFailures: 1 } as const;
    return (await backups.create(wanted))?.id ?? '';
  };
  const backupId = await waiting('first');
  await waiting('second');
  return { serverId: created.server.id, token: created.token.reveal(), backupId };
}
