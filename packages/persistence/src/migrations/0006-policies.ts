import type { MigrationInterface, QueryRunner } from 'typeorm';

const policies = `
  create table holdfast.policies (
    id uuid primary key,
    account_id integer not null,
    name text not null,
    type text not null,
    host text not null,
    port integer not null,
    "user" text not null,
    password text,
    database text not null,
    options jsonb not null,
    destination_id integer not null,
    include text[] not null,
    exclude text[] not null,
    globals boolean not null,
    cron text not null,
    timezone text not null,
    jitter_seconds integer not null,
    retention jsonb not null,
    verification jsonb,
    enabled boolean not null,
    next_run_at timestamptz,
    last_run_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint policies_account_id_id_key unique (account_id, id),
    constraint policies_account_id_name_key unique (account_id, name),
    constraint policies_port_check check (port between 1 and 65535),
    constraint policies_jitter_seconds_check check (jitter_seconds >= 0),
    constraint policies_password_check check (password ~ '^v[0-9]+[.]'),
    constraint policies_account_fkey foreign key (account_id) references holdfast.accounts (id) on delete restrict,
    constraint policies_destination_fkey foreign key (account_id, destination_id)
      references holdfast.destinations (account_id, id) on delete restrict
  );
  create index policies_next_run_at_idx on holdfast.policies (next_run_at) where enabled;
  create index policies_destination_id_idx on holdfast.policies (destination_id);`;

const runs = `
  alter table holdfast.accounts add column runs_turn_at timestamptz;
  create table holdfast.policy_runs (
    id uuid primary key,
    account_id integer not null,
    policy_id uuid not null,
    scheduled_for timestamptz,
    findings jsonb,
    status text not null,
    attempt integer not null,
    failures integer not null,
    max_failures integer not null,
    run_after timestamptz not null,
    lease_owner text,
    lease_until timestamptz,
    server_id integer,
    silence_seconds integer,
    cancel_requested_at timestamptz,
    error jsonb,
    rung_at timestamptz,
    refusals integer not null default 0,
    request_id text,
    created_at timestamptz not null,
    started_at timestamptz,
    completed_at timestamptz,
    progress_bytes bigint not null,
    estimated_bytes bigint,
    constraint policy_runs_policy_id_scheduled_for_key unique (policy_id, scheduled_for),
    constraint policy_runs_status_check check (status in ('scheduled', 'pending', 'done', 'error')),
    constraint policy_runs_attempt_check check (failures >= 0 and attempt >= failures),
    constraint policy_runs_max_failures_check check (
      max_failures >= 1 and failures <= max_failures and (failures < max_failures or status in ('done', 'error'))
    ),
    constraint policy_runs_lease_check check (
      (status = 'pending') = (lease_owner is not null) and (status = 'pending') = (lease_until is not null)
    ),
    constraint policy_runs_completed_at_check check ((status in ('done', 'error')) = (completed_at is not null)),
    constraint policy_runs_error_check check (
      (status <> 'error' or error is not null) and (status <> 'done' or error is null)
    ),
    constraint policy_runs_silence_seconds_check check (silence_seconds is null or (silence_seconds > 0 and server_id is not null)),
    constraint policy_runs_findings_check check ((status = 'done') = (findings is not null)),
    constraint policy_runs_account_fkey foreign key (account_id) references holdfast.accounts (id) on delete restrict,
    constraint policy_runs_policy_fkey foreign key (account_id, policy_id) references holdfast.policies (account_id, id) on delete cascade,
    constraint policy_runs_server_fkey foreign key (server_id) references holdfast.servers (id) on delete set null
  );
  create index policy_runs_due_idx on holdfast.policy_runs (run_after) where status = 'scheduled';
  create index policy_runs_server_id_idx on holdfast.policy_runs (server_id) where status = 'scheduled';
  create index policy_runs_lease_idx on holdfast.policy_runs (lease_until) where status = 'pending';
  create index policy_runs_rung_idx on holdfast.policy_runs (rung_at) where status = 'scheduled' and rung_at is not null;
  create index policy_runs_order_idx on holdfast.policy_runs (account_id, created_at)
    where status = 'scheduled' and server_id is null;
  create unique index policy_runs_open_key on holdfast.policy_runs (policy_id) where status in ('scheduled', 'pending');
  create index policy_runs_policy_id_created_at_idx on holdfast.policy_runs (policy_id, created_at);

  create table holdfast.policy_run_attempts (
    run_id uuid not null,
    attempt integer not null,
    worker text not null,
    started_at timestamptz not null,
    ended_at timestamptz,
    settled boolean not null,
    bytes bigint not null,
    error jsonb,
    rung_at timestamptz,
    swept_at timestamptz,
    constraint policy_run_attempts_pkey primary key (run_id, attempt),
    constraint policy_run_attempts_attempt_check check (attempt >= 1),
    constraint policy_run_attempts_settled_check check (not settled or (ended_at is not null and error is null)),
    constraint policy_run_attempts_swept_at_check check (swept_at is null or ended_at is not null),
    constraint policy_run_attempts_run_fkey foreign key (run_id) references holdfast.policy_runs (id) on delete cascade
  );
  create unique index policy_run_attempts_settled_key on holdfast.policy_run_attempts (run_id) where settled;`;

/** What a policy covers, and what its runs make. */
const covered = `
  alter table holdfast.databases
    add column policy_id uuid,
    add column vanished_at timestamptz,
    add column vanish_expected boolean,
    add constraint databases_vanished_check check (
      (vanished_at is null or policy_id is not null) and (vanish_expected is null or vanished_at is not null)
    ),
    add constraint databases_policy_fkey foreign key (account_id, policy_id)
      references holdfast.policies (account_id, id) on delete restrict;
  create unique index databases_policy_key on holdfast.databases (policy_id, database) where policy_id is not null;

  alter table holdfast.schedules
    add column policy_id uuid,
    add constraint schedules_policy_fkey foreign key (account_id, policy_id)
      references holdfast.policies (account_id, id) on delete restrict;
  create unique index schedules_policy_key on holdfast.schedules (policy_id, database_id) where policy_id is not null;

  alter table holdfast.backups
    add column run_id uuid,
    add column with_globals boolean,
    add constraint backups_run_fkey foreign key (run_id) references holdfast.policy_runs (id) on delete set null;
  create index backups_run_id_idx on holdfast.backups (run_id) where run_id is not null;

  alter table holdfast.restores
    add column group_id uuid,
    add column after_restore_id uuid,
    add constraint restores_after_fkey foreign key (after_restore_id) references holdfast.restores (id) on delete set null;
  create index restores_group_id_idx on holdfast.restores (group_id) where group_id is not null;
  create index restores_after_restore_id_idx on holdfast.restores (after_restore_id) where after_restore_id is not null;

  alter table holdfast.alerts
    drop constraint alerts_subject_type_check,
    add constraint alerts_subject_type_check check (
      subject_type in ('database', 'schedule', 'backup', 'destination', 'policy')
    );`;

/** Policies of whole servers, and their runs. */
export class Policies1764115200000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statements of [policies, runs, covered]) await runner.query(statements);
  }

  async down(): Promise<void> {
    throw new Error('Migrations only go forward: to go back, restore the database from before the migration.');
  }
}
