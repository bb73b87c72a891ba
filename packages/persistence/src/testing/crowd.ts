import type {
  Account,
  Backup,
  BackupMethod,
  ContentTarget,
  Database,
  Destination,
  Limits,
  Restore,
} from '@holdfast/shared/domain';
import { systemIds } from '@holdfast/shared/lifecycle';
import { openPersistence, type Persistence } from '../index.ts';
import { newFile, unusedName, type World } from './world.ts';

/** One of many accounts, with a destination. */
export interface Member {
  account: Account;
  destination: Destination;
}

/** Many accounts with databases on many servers, whose work is limited. */
export interface Crowd {
  /** As a process of its own with these limits has it; closed with the world. */
  limited(limits: Partial<Limits>): Promise<Persistence>;
  member(): Promise<Member>;
  /** @param host of the server that it is on; one of its own when absent */
  database(member: Member, host?: string): Promise<Database>;
  backup(database: Database, method?: BackupMethod): Promise<Backup>;
  /** So many databases, on one server each, with a waiting backup of each. */
  backlog(member: Member, count: number, method?: BackupMethod): Promise<void>;
  /** A waiting restore of a backup that is done, onto the database or onto a new one. */
  restore(database: Database, target?: ContentTarget): Promise<Restore>;
  /** Ends whatever waits or runs, so that a test begins alone. */
  clear(): Promise<void>;
  close(): Promise<void>;
}

const none: Limits = { server: 1000, destination: 1000, account: 1000 };

export function crowdOf(world: World): Crowd {
  const opened: Persistence[] = [];
  return {
    limited: async (limits) => {
      const { url, box } = world;
      const persistence = await openPersistence({
        url,
        box,
        ids: systemIds,
        limits: { ...none, ...limits },
        poolSize: 20,
      });
      opened.push(persistence);
      return persistence;
    },
    member: async () => {
      const account = await world.accounts.create(unusedName());
      const local = { label: 'Local', type: 'local', settings: { path: '' } } as const;
      return { account, destination: await world.destinations.create(account.id, local) };
    },
    database: async ({ account, destination }, host = `${unusedName()}.example.com`) => {
      const created = await world.databases.create(account.id, {
        name: unusedName(),
        type: 'postgresql',
        host,
        port: 5432,
        user: 'app',
        password: null,
        database: 'app',
        options: {},
        destinationId: destination.id,
      });
      if (created === 'name_taken') throw new Error('The name of a test database is taken.');
      return created;
    },
    backup: async ({ id: databaseId }, method = 'manual') => {
      const wanted = { databaseId, destinationId: null, method, requestId: null, maxFailures: 3 } as const;
      const backup = await world.backups.create(wanted);
      if (!backup) throw new Error('The test backup was not created.');
      return backup;
    },
    backlog: async ({ account, destination }, count, method = 'manual') => {
      await world.sql(
        `with made as (
          insert into holdfast.databases
            (id, account_id, name, type, host, port, "user", database, options, destination_id)
          select gen_random_uuid(), $1, $3 || n, 'postgresql', $3 || n, 5432, 'app', 'app', '{}', $2
          from generate_series(1, $4::int) n returning id
        )
        insert into holdfast.backups
          (id, account_id, database_id, destination_id, method, engine, name, status, attempt, failures, max_failures,
           run_after, created_at, progress_bytes)
        select gen_random_uuid(), $1, id, $2, $5, 'postgresql', 'b', 'scheduled', 0, 0, 3, now(), now(), 0 from made`,
        [account.id, destination.id, `${unusedName()}-`, count, method],
      );
    },
    restore: async (database, target = { mode: 'new_database', database: unusedName() }) => {
      const done = await world.backups.create({
        databaseId: database.id,
        destinationId: null,
        method: 'manual',
        requestId: null,
        maxFailures: 3,
      });
      const backupId = done?.id ?? '';
      await world.sql(
        `update holdfast.backups set status = 'done', completed_at = now(), size = 1, manifest_key = 'm' where id = $1`,
        [backupId],
      );
      const restore = await world.restores.create({
        backupId,
        databaseId: database.id,
        target,
        ownership: 'skip',
        fileIds: null,
        requestId: null,
        maxFailures: 3,
      });
      if (!restore || restore === 'busy') throw new Error('The test restore was not created.');
      return restore;
    },
    clear: async () => {
      for (const table of ['backups', 'restores', 'verifications']) {
        await world.sql(
          `update holdfast.${table} set status = 'error', error = '{}', completed_at = now(), lease_owner = null,
             lease_until = null where status in ('scheduled', 'pending')`,
        );
      }
    },
    close: async () => {
      for (const persistence of opened) await persistence.close();
    },
  };
}

/** What a worker hands in at the end of a backup. */
export const resultOf = (id: string) => ({ files: [newFile(id)], manifestKey: 'manifest.json' });
