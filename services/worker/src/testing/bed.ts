import { randomBytes } from 'node:crypto';
import { Writable } from 'node:stream';
import { migrate, openPersistence, type NewDatabase, type NewRestore, type Persistence } from '@holdfast/persistence';
import { parseSettings, type Settings } from '@holdfast/shared/config';
import { HoldfastError, Secret, type Backup, type Database, type Restore } from '@holdfast/shared/domain';
import { systemIds } from '@holdfast/shared/lifecycle';
import { createLogger, type Logger } from '@holdfast/shared/observability';
import { SecretBox } from '@holdfast/shared/security';

/** A service's database with one account, destination and registered database, and a log that can be read. */
export interface Bed {
  persistence: Persistence;
  database: Database;
  logger: Logger;
  /** All that was logged. */
  log(): string;
  settings(change?: Record<string, string>): Settings;
  newBackup(): Promise<Backup>;
  newRestore(backupId: string, change?: Partial<NewRestore>): Promise<Restore>;
  backup(id: string): Promise<Backup>;
  restore(id: string): Promise<Restore>;
  close(): Promise<void>;
}

const registered: NewDatabase = {
  name: 'shop',
  type: 'postgresql',
  host: 'db.example.com',
  port: 5432,
  user: 'app',
  password: new Secret('hunter2-the-password'),
  database: 'shop',
  options: {},
  destinationId: 0,
};

/** @param serviceUrl an empty database */
export async function openBed(serviceUrl: string, source: Partial<NewDatabase> = {}): Promise<Bed> {
  const url = new Secret(serviceUrl);
  await migrate(url);
  const box = new SecretBox([{ id: 'test', key: randomBytes(32) }]);
  const persistence = await openPersistence({ url, box, ids: systemIds });
  const { id: accountId } = await persistence.accounts.create('tests');
  const destination = await persistence.destinations.create(accountId, {
    label: 'Local',
    type: 'local',
    settings: { path: '' },
  });
  const wanted = { ...registered, ...source, destinationId: destination.id };
  const database = present(await persistence.databases.create(accountId, wanted));
  const lines: string[] = [];
  const sink = new Writable({
    write: (line, _encoding, done) => {
      lines.push(String(line));
      done();
    },
  });
  return {
    persistence,
    database,
    logger: createLogger('worker', 'debug', sink),
    log: () => lines.join(''),
    settings: (change) => settingsOf(serviceUrl, change),
    newBackup: async () => {
      const requested = { databaseId: database.id, destinationId: null, requestId: 'request-1', maxFailures: 3 };
      return present(await persistence.backups.create({ ...requested, method: 'manual' }));
    },
    newRestore: async (backupId, change = {}) => {
      const requested = { backupId, databaseId: database.id, fileIds: null, requestId: 'request-2', maxFailures: 3 };
      const options = { target: { mode: 'in_place' }, ownership: 'keep', ...change } as const;
      return present(await persistence.restores.create({ ...requested, ...options }));
    },
    backup: async (id) => present(await persistence.backups.find(id)),
    restore: async (id) => present(await persistence.restores.find(id)),
    close: () => persistence.close(),
  };
}

/** Times short enough for tests to wait for. */
function settingsOf(databaseUrl: string, change: Record<string, string> = {}): Settings {
  const parsed = parseSettings({
    DATABASE_URL: databaseUrl,
    HOLDFAST_SECRET_KEYS: `test:${randomBytes(32).toString('base64')}`,
    HOLDFAST_LEASE_SECONDS: '2',
    HOLDFAST_HEARTBEAT_SECONDS: '0.1',
    HOLDFAST_RETRY_BASE_SECONDS: '0.01',
    HOLDFAST_RETRY_CAP_SECONDS: '0.01',
    HOLDFAST_GRACE_SECONDS: '5',
    ...change,
  });
  if ('problems' in parsed) throw new Error(parsed.problems.join(' '));
  return parsed.settings;
}

function present<T>(row: T | string | null): T {
  if (row === null || typeof row === 'string') throw new HoldfastError('internal', `The test got ${String(row)}.`);
  return row;
}
