import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The rows know when a schedule comes due, and what became of the backups that there are. */
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
    constraint slots_covers_check check (covers >= 1 and (covers = 1 or status in ('planned', 'skipped', 'missed'))),
    constraint slots_reason_check check (
      (status = 'skipped') = (reason is not null) and reason in ('overlap', 'disabled', 'caught_up')
    ),
    constraint slots_backup_check check (
      (status <> 'running' or backup_id is not null) and (status not in ('planned', 'skipped', 'missed') or backup_id is null)
    ),
    constraint slots_ended_at_check check ((status in ('planned', 'running')) = (ended_at is null)),
    constraint slots_schedule_fkey foreign key (schedule_id) references holdfast.schedules (id) on delete cascade,
    constraint slots_backup_fkey foreign key (backup_id) references holdfast.backups (id) on delete set null
  );
  create index slots_planned_idx on holdfast.slots (run_at) where status = 'planned';
  create index slots_schedule_id_run_at_idx on holdfast.slots (schedule_id, run_at) where status = 'planned';
  create index slots_missed_idx on holdfast.slots (schedule_id, scheduled_for) where status = 'missed';
  create index slots_ended_at_idx on holdfast.slots (ended_at) where ended_at is not null;
  create unique index slots_backup_id_key on holdfast.slots (backup_id);

  insert into holdfast.slots (schedule_id, scheduled_for, run_at, status, covers, backup_id, created_at, ended_at)
    select schedule_id, scheduled_for, greatest(scheduled_for, created_at),
      case when completed_at is null then 'running' else status end, 1, id, created_at, completed_at
    from holdfast.backups where schedule_id is not null and scheduled_for is not null;
  insert into holdfast.slots (schedule_id, scheduled_for, run_at, status, covers)
    select id, next_tick_at, next_run_at, 'planned', 1 from holdfast.schedules where next_tick_at is not null
    on conflict (schedule_id, scheduled_for) do nothing;

  alter table holdfast.schedules
    drop constraint schedules_next_check,
    drop column next_tick_at,
    drop column next_run_at;`;

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
    rung_at timestamptz,
    swept_at timestamptz,
    constraint restore_attempts_pkey primary key (restore_id, attempt),
    constraint restore_attempts_attempt_check check (attempt >= 1),
    constraint restore_attempts_settled_check check (not settled or (ended_at is not null and error is null)),
    constraint restore_attempts_swept_at_check check (swept_at is null or ended_at is not null),
    constraint restore_attempts_restore_fkey foreign key (restore_id) references holdfast.restores (id) on delete restrict
  );
  create index restore_attempts_sweep_idx on holdfast.restore_attempts (ended_at) where swept_at is null;
  create unique index restore_attempts_settled_key on holdfast.restore_attempts (restore_id) where settled;`;

/** From the mark to the first removed object there is time to take the deletion back. */
const deletion = `
  alter table holdfast.backups
    add column deletion_reason text,
    add column deletion_due_at timestamptz,
    add column deletion_begun_at timestamptz,
    add column deletion_failures integer not null default 0,
    add column damage jsonb;
  update holdfast.backups set deletion_due_at = deletion_requested_at, deletion_begun_at = deletion_requested_at
    where deletion_requested_at is not null;
  alter table holdfast.backups
    drop constraint backups_deletion_check,
    add constraint backups_deletion_check check (
      (deletion_requested_at is null or (status in ('done', 'error') and locked_at is null))
      and (deletion_requested_at is null) = (deletion_due_at is null)
      and (deletion_begun_at is null or deletion_requested_at is not null)
      and (deleted_at is null or deletion_begun_at is not null)
    ),
    add constraint backups_damage_check check (damage is null or damaged_at is not null);
  drop index holdfast.backups_deletion_idx;
  create index backups_deletion_idx on holdfast.backups (deletion_due_at)
    where deletion_requested_at is not null and deleted_at is null;`;

/** When a schedule's policy was last applied, and whether a good backup came since. */
const retention = `
  alter table holdfast.schedules add column retention_checked_at timestamptz;
  create index backups_schedule_done_idx on holdfast.backups (schedule_id, completed_at) where status = 'done';`;

const reconciliation = `
  alter table holdfast.backup_attempts alter column prefix type text collate "C";
  create index backup_attempts_settled_prefix_idx on holdfast.backup_attempts (destination_id, prefix) where settled;

  create table holdfast.reconciliations (
    destination_id integer not null,
    requested_at timestamptz,
    request_id text,
    due_at timestamptz not null default now(),
    rung_at timestamptz,
    run integer not null default 0,
    lease_until timestamptz,
    started_at timestamptz,
    ended_at timestamptz,
    succeeded_at timestamptz,
    report jsonb,
    error jsonb,
    constraint reconciliations_pkey primary key (destination_id),
    constraint reconciliations_destination_fkey foreign key (destination_id) references holdfast.destinations (id) on delete cascade
  );

  create table holdfast.orphans (
    destination_id integer not null,
    kind text not null,
    key text collate "C" not null,
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

/** For the order in which what waits is begun. */
const order = ['backups', 'restores']
  .map(
    (table) => `
  alter table holdfast.accounts add column ${table}_turn_at timestamptz;
  alter table holdfast.${table} add column refusals integer not null default 0;
  create index ${table}_rung_idx on holdfast.${table} (rung_at) where status = 'scheduled' and rung_at is not null;
  create index ${table}_order_idx on holdfast.${table} (account_id, ${table === 'backups' ? 'method, ' : ''}created_at)
    where status = 'scheduled' and server_id is null;`,
  )
  .join('');

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
    for (const statements of [slots, attempts, deletion, retention, reconciliation, order, alerts])
      await runner.query(statements);
  }

  async down(): Promise<void> {
    throw new Error('Migrations only go forward: to go back, restore the database from before the migration.');
  }
}
