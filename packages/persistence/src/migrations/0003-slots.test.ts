import { expect } from 'chai';
import { Secret } from '@holdfast/shared/domain';
import { systemIds } from '@holdfast/shared/lifecycle';
import { testDatabase } from '@holdfast/testing/postgres';
import { connect } from '../data-source.ts';
import { Initial1763683200000 } from './0001-initial.ts';
import { RemoteServers1763769600000 } from './0002-remote-servers.ts';
import { Slots1763856000000 } from './0003-slots.ts';

describe('the migration to slots', () => {
  it('keeps when each schedule comes due, and what became of the backups that it made', async () => {
    const database = await testDatabase();
    const dataSource = await connect(new Secret(database.url), { poolSize: 1, statementSeconds: 30 });
    const runner = dataSource.createQueryRunner();
    try {
      await runner.query('create schema holdfast');
      for (const Migration of [Initial1763683200000, RemoteServers1763769600000]) await new Migration().up(runner);
      const [databaseId, schedule, off, done, waiting] = Array.from({ length: 5 }, () => systemIds.uuid());
      await runner.query(`
        insert into holdfast.accounts (id, name) values (1, 'a');
        insert into holdfast.destinations (id, account_id, label, type, settings) values (1, 1, 'l', 'local', '{}');
        insert into holdfast.databases (id, account_id, name, type, host, port, "user", database, options, destination_id)
          values ('${databaseId}', 1, 'd', 'postgresql', 'h', 5432, 'u', 'd', '{}', 1);
        insert into holdfast.schedules (id, account_id, database_id, cron, timezone, retention, enabled, catch_up, overlap,
            jitter_seconds, is_periodic_setting, next_tick_at, next_run_at)
          values ('${schedule}', 1, '${databaseId}', '0 3 * * *', 'UTC', '{}', true, 'once', 'skip', 60, false,
              '2026-11-22T03:00Z', '2026-11-22T03:00:07Z'),
            ('${off}', 1, '${databaseId}', '0 3 * * *', 'UTC', '{}', false, 'once', 'skip', 0, false, null, null)`);
      const backup = async (id: string | undefined, day: number, status: string, ended: string | null) =>
        runner.query(
          `insert into holdfast.backups (id, account_id, database_id, destination_id, schedule_id, scheduled_for, method,
             engine, name, status, attempt, failures, max_failures, run_after, created_at, completed_at, progress_bytes, error)
           values ($1, 1, $2, 1, $3, $4, 'periodic', 'postgresql', 'n', $5, 1, 1, 3, now(), $4, $6, 0, '{}')`,
          [id, databaseId, schedule, `2026-11-${day}T03:00Z`, status, ended],
        );
      await backup(done, 20, 'error', '2026-11-20T03:05Z');
      await backup(waiting, 21, 'scheduled', null);
      await new Slots1763856000000().up(runner);
      const slots: unknown = await runner.query(
        `select schedule_id as schedule, scheduled_for as at, run_at as run, status, backup_id as backup, ended_at as ended
         from holdfast.slots order by scheduled_for`,
      );
      const at = (text: string) => new Date(`2026-11-${text}Z`);
      const [first, second] = [at('20T03:00'), at('21T03:00')];
      expect(slots).to.deep.equal([
        { schedule, at: first, run: first, status: 'error', backup: done, ended: at('20T03:05') },
        { schedule, at: second, run: second, status: 'running', backup: waiting, ended: null },
        { schedule, at: at('22T03:00'), run: at('22T03:00:07'), status: 'planned', backup: null, ended: null },
      ]);
    } finally {
      await runner.release();
      await dataSource.destroy();
      await database.drop();
    }
  });
});
