import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What is done around backups. */
export class Hooks1764201600000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table holdfast.databases add column hooks text,
        add constraint databases_hooks_check check (hooks ~ '^v[0-9]+[.]');

      alter table holdfast.backup_attempts
        add column hooks_opened_at timestamptz,
        add column hooks_held_until timestamptz,
        add column hooks_rung_at timestamptz,
        add column hooks_closed_at timestamptz,
        add constraint backup_attempts_hooks_check
          check (hooks_opened_at is not null or (hooks_held_until is null and hooks_rung_at is null and hooks_closed_at is null));
      create index backup_attempts_hooks_idx on holdfast.backup_attempts (ended_at)
        where hooks_opened_at is not null and hooks_closed_at is null;

      create table holdfast.hook_runs (
        id uuid primary key,
        backup_id uuid not null,
        attempt integer not null,
        phase text not null,
        position integer not null,
        name text not null,
        worker text not null,
        started_at timestamptz not null default clock_timestamp(),
        ended_at timestamptz,
        outcome text,
        exit_code integer,
        http_status integer,
        problem text,
        output text not null default '',
        constraint hook_runs_attempt_fkey foreign key (backup_id, attempt)
          references holdfast.backup_attempts (backup_id, attempt) on delete restrict,
        constraint hook_runs_phase_check check (phase in ('before', 'after')),
        constraint hook_runs_position_check check (position >= 0),
        constraint hook_runs_outcome_check
          check (outcome in ('done', 'failed') and (outcome = 'failed') = (problem is not null)),
        constraint hook_runs_ended_at_check check ((ended_at is null) = (outcome is null))
      );
      create index hook_runs_backup_id_attempt_idx on holdfast.hook_runs (backup_id, attempt);`);
  }

  async down(): Promise<void> {
    throw new Error('Migrations only go forward: to go back, restore the database from before the migration.');
  }
}
