import { randomBytes } from 'node:crypto';
import { Writable } from 'node:stream';
import { migrate, openPersistence, type NewChannel, type Persistence, type ShownDelivery } from '@holdfast/persistence';
import { parseSettings } from '@holdfast/shared/config';
import {
  Secret,
  type Account,
  type Backup,
  type Channel,
  type ChannelRules,
  type Database,
  type Schedule,
} from '@holdfast/shared/domain';
import { systemClock, systemIds } from '@holdfast/shared/lifecycle';
import { createLogger } from '@holdfast/shared/observability';
import { SecretBox } from '@holdfast/shared/security';
import { testDatabase } from '@holdfast/testing/postgres';
import { deliver, fanOut, repeat } from '../notifications/turns.ts';

const rules: ChannelRules = {
  events: null,
  leastSeverity: 'info',
  databases: null,
  digestMinutes: null,
  repeatHours: null,
  mostPerHour: 60,
};

type Wanted = Partial<Omit<NewChannel, 'rules'>> & { rules?: Partial<ChannelRules> };

/** An installation with one account at a time, over rows alone. */
export interface Bed {
  persistence: Persistence;
  /** A second set of repositories, as another process has. */
  other: Persistence;
  account: Account;
  database: Database;
  /** A new account with a database: nothing of other tests is its. */
  fresh(): Promise<void>;
  channel(wanted: Wanted): Promise<Channel>;
  schedule(): Promise<Schedule>;
  newDatabase(name: string): Promise<Database>;
  begin(schedule?: Schedule, database?: Database): Promise<Backup>;
  fail(backup: Backup): Promise<void>;
  finish(backup: Backup): Promise<void>;
  /** A backup that fails, and the alert of it. */
  alarm(database?: Database): Promise<void>;
  /** What a sentinel does in one turn of each of its loops. */
  turn(settings?: Record<string, string>): Promise<void>;
  repeat(): Promise<void>;
  /** Makes due what waits for another attempt. */
  skipWaiting(): Promise<void>;
  deliveries(): Promise<ShownDelivery[]>;
  sql(text: string): Promise<Record<string, unknown>[]>;
  logged(): string;
  close(): Promise<void>;
}

export async function openBed(): Promise<Bed> {
  const own = await testDatabase();
  const key = { id: 'test', key: randomBytes(32) };
  const url = new Secret(own.url);
  await migrate(url);
  const open = (): Promise<Persistence> => openPersistence({ url, box: new SecretBox([key]), ids: systemIds });
  const [persistence, other] = [await open(), await open()];
  const lines: string[] = [];
  const sink = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      lines.push(chunk.toString());
      done();
    },
  });
  const logger = createLogger('sentinel', 'debug', sink);
  const deps = (environment: Record<string, string>) => {
    const parsed = parseSettings({
      DATABASE_URL: own.url,
      HOLDFAST_SECRET_KEYS: `test:${key.key.toString('base64')}`,
      HOLDFAST_ALLOWED_NETWORKS: '127.0.0.0/8',
      HOLDFAST_PUBLIC_URL: 'https://holdfast.example.com',
      ...environment,
    });
    if ('problems' in parsed) throw new Error(parsed.problems.join(' '));
    return { settings: parsed.settings, logger, persistence, clock: systemClock, ids: systemIds };
  };
  const never = new AbortController().signal;
  let accounts = 0;
  const lease = { worker: 'worker-1', seconds: 60 };

  const newDatabase = async (account: Account, name: string): Promise<Database> => {
    const { id: destinationId } = await persistence.destinations.create(account.id, {
      label: 'Local',
      type: 'local',
      settings: { path: account.name },
    });
    const created = await persistence.databases.create(account.id, {
      name,
      type: 'postgresql',
      host: 'db.example.com',
      port: 5432,
      user: 'app',
      password: null,
      database: 'app',
      options: {},
      destinationId,
    });
    if (created === 'name_taken') throw new Error('The name of a test database is taken.');
    return created;
  };
  const newAccount = async () => {
    const account = await persistence.accounts.create(`account ${(accounts += 1)}`);
    return { account, database: await newDatabase(account, 'shop') };
  };

  const bed: Bed = {
    ...(await newAccount()),
    persistence,
    other,
    fresh: async () => {
      await own.query('delete from holdfast.notification_channels');
      Object.assign(bed, await newAccount());
    },
    channel: async (wanted) => {
      const channel = { name: 'ops', type: 'webhook', settings: {}, secrets: {}, enabled: true, ...wanted } as const;
      const created = await persistence.channels.create(bed.account.id, {
        ...channel,
        rules: { ...rules, ...wanted.rules },
      });
      if (created === 'name_taken') throw new Error('The name of a test channel is taken.');
      return created;
    },
    schedule: async () => {
      const created = await persistence.schedules.create(bed.account.id, {
        databaseId: bed.database.id,
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
      });
      if (!created) throw new Error('The test schedule was not made.');
      return created;
    },
    newDatabase: (name) => newDatabase(bed.account, name),
    begin: async (schedule, { id: databaseId } = bed.database) => {
      const wanted = { databaseId, destinationId: null, method: 'manual', requestId: null, maxFailures: 1 } as const;
      const made = await persistence.backups.create(wanted);
      if (schedule)
        await own.query(`update holdfast.backups set schedule_id = '${schedule.id}' where id = '${made?.id}'`);
      const claimed = made && (await persistence.backups.claim(made.id, lease));
      if (!claimed) throw new Error('The test backup could not be begun.');
      return claimed;
    },
    fail: async ({ id }) => {
      const error = { code: 'dump_failed', message: 'pg_dump ended with exit code 1.' } as const;
      await persistence.backups.fail(id, 1, { error, retryable: false, retryInSeconds: 0 });
    },
    finish: async ({ id }) => {
      await persistence.backups.settle(id, 1, { files: [], manifestKey: `${id}/manifest.json` });
    },
    alarm: async (database) => {
      await bed.fail(await bed.begin(undefined, database));
      await persistence.alerts.update();
    },
    turn: async (settings = {}) => {
      await fanOut(deps(settings));
      await Promise.all([deliver(deps(settings), never), deliver(deps(settings), never)]);
    },
    repeat: () => repeat(deps({})),
    skipWaiting: async () => {
      await own.query('update holdfast.notification_channels set not_before = null');
      await own.query(`update holdfast.notification_deliveries set next_attempt_at = now() where status = 'scheduled'`);
    },
    deliveries: () =>
      persistence.notifications.list(bed.account.id, { limit: 200, channelId: null, status: null, before: null }),
    sql: (text) => own.query(text),
    logged: () => lines.join(''),
    close: async () => {
      await persistence.close();
      await other.close();
      await own.drop();
    },
  };
  return bed;
}
