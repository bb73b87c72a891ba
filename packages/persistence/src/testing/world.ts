import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { Pool } from 'pg';
import {
  Secret,
  type Account,
  type Backup,
  type BackupFile,
  type Database,
  type Destination,
  type Server,
  type Verification,
} from '@holdfast/shared/domain';
import { systemIds } from '@holdfast/shared/lifecycle';
import { SecretBox } from '@holdfast/shared/security';
import { testDatabase } from '@holdfast/testing/postgres';
import { until } from '@holdfast/testing/until';
import {
  migrate,
  openPersistence,
  type NewDatabase,
  type NewSchedule,
  type NewVerification,
  type Persistence,
} from '../index.ts';
import { only } from '../only.ts';

/** A migrated database of the test's own with an account that has a destination, and a way to look behind the repositories. */
export interface World extends Persistence {
  account: Account;
  destination: Destination;
  url: Secret;
  box: SecretBox;
  sql<Row>(text: string, parameters?: unknown[]): Promise<Row[]>;
  /** Does the work while a transaction with the statement is open; fails when the work waits for it. */
  whileOpen<T>(statement: string, parameters: unknown[], work: () => Promise<T>): Promise<T>;
  /** Resolves as soon as a statement of another connection waits for a lock. */
  waitsForLock(): Promise<void>;
  /** A second set of repositories, as another process has. */
  another(): Promise<Persistence>;
  newDatabase(): Promise<Database>;
  newServer(): Promise<Server>;
  /** A database that the remote server backs up. */
  newDatabaseOf(server: Server): Promise<Database>;
  newBackup(database?: Database): Promise<Backup>;
  /** A backup that is done, with one file. */
  doneBackup(database?: Database): Promise<Backup>;
  /** One that waits, of a backup that is done; by default somebody asks whether it can be read. */
  newVerification(backup: Backup, wanted?: Partial<NewVerification>): Promise<Verification>;
  drop(): Promise<void>;
}

export const lease = { worker: 'worker-1', seconds: 60 };
export const progress = { progressBytes: 0, estimatedBytes: null };
export const failure = {
  error: { code: 'dump_failed', message: 'pg_dump ended with exit code 1.' },
  retryable: true,
  retryInSeconds: 0,
} as const;

export const newFile = (backupId: string): BackupFile => ({
  id: systemIds.uuid(),
  backupId,
  role: 'dump',
  name: 'dump.pgdump.zst',
  key: `${backupId}/dump.pgdump.zst`,
  size: 1000,
  unencryptedSize: null,
  unencryptedSha256: null,
  plainSize: 6_000_000_000,
  checksum: `sha256:${'ab'.repeat(32)}`,
  plainSha256: 'cd'.repeat(32),
});

export const newSchedule = (databaseId: string): NewSchedule => ({
  databaseId,
  destinationId: null,
  cron: '0 3 * * *',
  timezone: 'UTC',
  retention: {},
  enabled: true,
  catchUp: 'once',
  overlap: 'queue',
  graceSeconds: 60,
  jitterSeconds: 0,
  isPeriodicSetting: false,
});

let names = 0;
export const unusedName = (): string => `name-${(names += 1)}`;

export async function openWorld(): Promise<World> {
  const testing = await testDatabase();
  const url = new Secret(testing.url);
  await migrate(url);
  const box = new SecretBox([{ id: 'test', key: randomBytes(32) }]);
  const open = (): Promise<Persistence> => openPersistence({ url, box, ids: systemIds });
  const opened = [await open()];
  const persistence = only(opened);
  const pool = new Pool({ connectionString: testing.url, max: 2 });
  const account = await persistence.accounts.create(unusedName());
  const destination = await persistence.destinations.create(account.id, {
    label: 'Local',
    type: 'local',
    settings: { path: '' },
  });
  const register = async (where: Pick<NewDatabase, 'host' | 'port' | 'user' | 'serverId'>): Promise<Database> => {
    const database = await persistence.databases.create(account.id, {
      ...where,
      name: unusedName(),
      type: 'postgresql',
      password: null,
      database: 'app',
      options: {},
      destinationId: destination.id,
    });
    if (database === 'name_taken') throw new Error('The name of a test database is taken.');
    return database;
  };
  const newDatabase = () => register({ host: 'db.example.com', port: 5432, user: 'app' });
  const newBackup = async (database?: Database): Promise<Backup> => {
    const { id: databaseId } = database ?? (await newDatabase());
    const wanted = { databaseId, destinationId: null, method: 'manual', requestId: 'r-1', maxFailures: 3 } as const;
    const backup = await persistence.backups.create(wanted);
    if (!backup) throw new Error('The test backup was not created.');
    return backup;
  };
  return {
    ...persistence,
    account,
    destination,
    url,
    box,
    sql: async <Row>(text: string, parameters: unknown[] = []) => (await pool.query(text, parameters)).rows as Row[],
    whileOpen: async (statement, parameters, work) => {
      const client = await pool.connect();
      const done = new AbortController();
      const patience = pause(5000, null, { signal: done.signal }).then(() => {
        throw new Error('The work waits for the open transaction.');
      });
      try {
        await client.query('begin');
        await client.query(statement, parameters);
        return await Promise.race([work(), patience]);
      } finally {
        patience.catch(() => undefined);
        done.abort();
        await client.query('commit');
        client.release();
      }
    },
    waitsForLock: async () => {
      await until('a statement to wait for a lock', 5, async () => {
        const waiting = await pool.query(
          `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
        );
        return waiting.rows.length > 0;
      });
    },
    another: async () => {
      const more = await open();
      opened.push(more);
      return more;
    },
    newDatabase,
    newServer: async () => {
      const created = await persistence.servers.create(account.id, unusedName());
      if (created === 'name_taken') throw new Error('The name of a test server is taken.');
      return created.server;
    },
    newDatabaseOf: ({ id }) => register({ host: null, port: null, user: null, serverId: id }),
    newBackup,
    doneBackup: async (database) => {
      const { id } = await newBackup(database);
      await persistence.backups.claim(id, lease);
      await persistence.backups.settle(id, 1, { files: [newFile(id)], manifestKey: 'manifest.json' });
      const backup = await persistence.backups.find(id);
      if (backup?.status !== 'done') throw new Error('The test backup was not settled.');
      return backup;
    },
    newVerification: async ({ id: backupId }, wanted) => {
      const verification = await persistence.verifications.create({
        backupId,
        scratchDatabaseId: null,
        cause: 'manual',
        level: 'readable',
        requestId: null,
        maxFailures: 3,
        ...wanted,
      });
      if (verification === null || typeof verification === 'string')
        throw new Error('The test verification was not created.');
      return verification;
    },
    drop: async () => {
      await pool.end();
      for (const one of opened) await one.close();
      await testing.drop();
    },
  };
}
