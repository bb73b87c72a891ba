import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What is asked of the backups of a database, what was last judged of it, and who lives. */
export class Protection1764288000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table holdfast.databases add column objectives jsonb;
      alter table holdfast.policies add column objectives jsonb;

      create index backups_database_done_idx on holdfast.backups (database_id, completed_at) where status = 'done';
      create index backups_database_level_idx on holdfast.backups (database_id, verified_level, completed_at)
        where status = 'done';
      create index hook_runs_failed_idx on holdfast.hook_runs (backup_id) where phase = 'after' and outcome = 'failed';

      create table holdfast.service_instances (
        service text not null,
        instance text not null,
        version text not null,
        started_at timestamptz not null default clock_timestamp(),
        steady_since timestamptz not null default clock_timestamp(),
        seen_at timestamptz not null default clock_timestamp(),
        constraint service_instances_pkey primary key (service, instance),
        constraint service_instances_service_check check (service in ('api', 'scheduler', 'worker', 'sentinel'))
      );
      create index service_instances_service_seen_at_idx on holdfast.service_instances (service, seen_at);

      create table holdfast.protection_states (
        database_id uuid primary key,
        state text not null,
        since timestamptz not null,
        judged_at timestamptz not null,
        alert text,
        message text,
        constraint protection_states_state_check check (state in ('protected', 'at_risk', 'unprotected', 'unknown')),
        constraint protection_states_alert_check
          check (alert in ('protection_lost', 'protection_at_risk') and (alert is null) = (message is null)),
        constraint protection_states_database_fkey foreign key (database_id) references holdfast.databases (id) on delete cascade
      );

      alter table holdfast.alerts
        add column acknowledged_at timestamptz,
        add column acknowledged_by text,
        add constraint alerts_acknowledged_check check ((acknowledged_at is null) = (acknowledged_by is null)),
        drop constraint alerts_subject_type_check,
        add constraint alerts_subject_type_check check (
          subject_type in ('database', 'schedule', 'backup', 'destination', 'policy', 'service')
        );`);
  }

  async down(): Promise<void> {
    throw new Error('Migrations only go forward: to go back, restore the database from before the migration.');
  }
}
