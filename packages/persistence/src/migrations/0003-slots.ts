import type { MigrationInterface, QueryRunner } from 'typeorm';

const slots = `
  alter table holdfast.schedules
    add column grace_seconds integer not null default 60,
    add constraint schedules_grace_seconds_check check (grace_seconds >= 0);
  alter table holdfast.schedules alter column grace_seconds drop default;

  create table holdfast.slots (
    schedule_id uuid not null,
    scheduled_for timestamptz not null,
    run_at timestamptz not null,
    status text not null,
    reason text,
    covers integer not null,
    backup_id uuid,
    created_at timestamptz not null default now(),
    ended_at timestamptz,
    constraint slots_pkey primary key (schedule_id, scheduled_for),
    constraint slots_status_check check (status in ('planned', 'running', 'done', 'error', 'skipped', 'missed')),
    constraint slots_run_at_check check (run_at >= scheduled_for),
    constraint slots_covers_check check (covers >= 1 and (covers = 1 or status = 'missed')),
    constraint slots_reason_check check ((status = 'skipped') = (reason is not null)),
    constraint slots_backup_check check (
      (status <> 'running' or backup_id is not null) and (status not in ('planned', 'skipped', 'missed') or backup_id is null)
    ),
    constraint slots_ended_at_check check ((status in ('planned', 'running')) = (ended_at is null)),
    constraint slots_schedule_fkey foreign key (schedule_id) references holdfast.schedules (id) on delete cascade,
    constraint slots_backup_fkey foreign key (backup_id) references holdfast.backups (id) on delete set null
  );
  create index slots_planned_idx on holdfast.slots (run_at) where status = 'planned';
  create index slots_missed_idx on holdfast.slots (schedule_id, scheduled_for) where status = 'missed';
  create unique index slots_backup_id_key on holdfast.slots (backup_id);`;

/** Each attempt is kept: when, by whom, how far it came and what ended it. */
const attempts = `
  alter table holdfast.backup_attempts add column bytes bigint not null default 0;
  alter table holdfast.backup_attempts
    alter column bytes drop default,
    alter column error type jsonb
      using case when error is not null then jsonb_build_object('code', 'internal', 'message', error) end;

  create table holdfast.restore_attempts (
    restore_id uuid not null,
    attempt integer not null,
    worker text not null,
    started_at timestamptz not null,
    ended_at timestamptz,
    settled boolean not null,
    bytes bigint not null,
    error jsonb,
    constraint restore_attempts_pkey primary key (restore_id, attempt),
    constraint restore_attempts_attempt_check check (attempt >= 1),
    constraint restore_attempts_settled_check check (not settled or (ended_at is not null and error is null)),
    constraint restore_attempts_restore_fkey foreign key (restore_id) references holdfast.restores (id) on delete restrict
  );
  create unique index restore_attempts_settled_key on holdfast.restore_attempts (restore_id) where settled;`;

/** From the mark to the first removed object there is time to take the deletion back. */
const deletion = `
  alter table holdfast.backups
    add column deletion_reason text,
    add column deletion_due_at timestamptz,
    add column deletion_begun_at timestamptz;
  update holdfast.backups set deletion_due_at = deletion_requested_at, deletion_begun_at = deletion_requested_at
    where deletion_requested_at is not null;
  alter table holdfast.backups
    drop constraint backups_deletion_check,
    add constraint backups_deletion_check check (
      (deletion_requested_at is null or (status in ('done', 'error') and locked_at is null))
      and (deletion_requested_at is null) = (deletion_due_at is null)
      and (deletion_begun_at is null or deletion_requested_at is not null)
      and (deleted_at is null or deletion_begun_at is not null)
    );
  drop index holdfast.backups_deletion_idx;
  create index backups_deletion_idx on holdfast.backups (deletion_due_at)
    where deletion_requested_at is not null and deleted_at is null;`;

const reconciliation = `
  create table holdfast.reconciliations (
    destination_id integer primary key,
    requested_at timestamptz,
    rung_at timestamptz,
    started_at timestamptz,
    ended_at timestamptz,
    objects bigint,
    bytes bigint,
    error jsonb,
    constraint reconciliations_destination_fkey foreign key (destination_id) references holdfast.destinations (id) on delete cascade
  );

  create table holdfast.orphans (
    destination_id integer not null,
    kind text not null,
    key text not null,
    upload_id text not null,
    size bigint,
    known boolean not null,
    first_seen_at timestamptz not null default now(),
    last_seen_at timestamptz not null default now(),
    removed_at timestamptz,
    constraint orphans_pkey primary key (destination_id, kind, key, upload_id),
    constraint orphans_kind_check check (kind in ('object', 'upload') and (kind = 'upload') = (upload_id <> '')),
    constraint orphans_destination_fkey foreign key (destination_id) references holdfast.destinations (id) on delete cascade
  );`;

const alerts = `
  create table holdfast.alerts (
    id uuid primary key,
    account_id integer not null,
    kind text not null,
    subject_type text not null,
    subject_id text not null,
    message text not null,
    raised_at timestamptz not null default now(),
    seen_at timestamptz not null default now(),
    cleared_at timestamptz,
    constraint alerts_subject_type_check check (subject_type in ('database', 'schedule', 'backup', 'destination')),
    constraint alerts_account_fkey foreign key (account_id) references holdfast.accounts (id) on delete restrict
  );
  create unique index alerts_open_key on holdfast.alerts (account_id, kind, subject_type, subject_id) where cleared_at is null;
  create index alerts_account_id_raised_at_idx on holdfast.alerts (account_id, raised_at);
  create index backups_damaged_idx on holdfast.backups (database_id) where damaged_at is not null;`;

/** Planned runs as rows, a history of attempts, deletion with a grace, what a look at the stores found, and alerts. */
export class Slots1763856000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statements of [slots, attempts, deletion, reconciliation, alerts]) await runner.query(statements);
  }

  async down(): Promise<void> {
    throw new Error('Migrations only go forward: to go back, restore the database from before the migration.');
  }
}
