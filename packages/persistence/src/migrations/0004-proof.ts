import type { MigrationInterface, QueryRunner } from 'typeorm';

const levels = `('stored', 'readable', 'restorable', 'identical')`;

/** What is proven of a backup, which keys open it, and what the store itself guards. */
const backups = `
  alter table holdfast.backups
    add column manifest_sha256 text,
    add column recipients text[],
    add column imported_at timestamptz,
    add column object_locked_until timestamptz,
    add column verified_level text,
    add constraint backups_manifest_sha256_check check (manifest_sha256 ~ '^[0-9a-f]{64}$'),
    add constraint backups_verified_level_check check (verified_level in ${levels});
  update holdfast.backups set verified_level = 'stored' where status = 'done' and damaged_at is null;
  create index backups_verified_idx on holdfast.backups (destination_id, verified_at, completed_at)
    where status = 'done' and deletion_requested_at is null;

  alter table holdfast.backup_files
    add column unencrypted_size bigint,
    add column unencrypted_sha256 text,
    drop constraint backup_files_role_check,
    drop constraint backup_files_size_check,
    drop constraint backup_files_plain_sha256_check,
    add constraint backup_files_role_check check (role in ('dump', 'globals', 'content')),
    add constraint backup_files_size_check check (size >= 0 and plain_size >= 0 and unencrypted_size >= 0),
    add constraint backup_files_plain_sha256_check check (
      plain_sha256 ~ '^[0-9a-f]{64}$' and unencrypted_sha256 ~ '^[0-9a-f]{64}$'
    ),
    add constraint backup_files_unencrypted_check check ((unencrypted_size is null) = (unencrypted_sha256 is null));

  alter table holdfast.schedules add column verification jsonb;`;

const restores = `
  alter table holdfast.restores
    add column selection jsonb,
    add column allow_damaged boolean not null default false,
    add column keep_hours integer not null default 0,
    add column former text,
    add column former_until timestamptz,
    add constraint restores_keep_hours_check check (keep_hours >= 0),
    add constraint restores_former_check check ((former is null) = (former_until is null));
  alter table holdfast.restores alter column keep_hours drop default, alter column allow_damaged drop default;
  create index restores_former_idx on holdfast.restores (former_until) where former is not null;`;

/** A second pair of keys that alone may delete, and what the place can do. */
const destinations = `
  alter table holdfast.destinations
    add column deletion_access_key text,
    add column deletion_secret_key text,
    add column capabilities jsonb,
    add constraint destinations_deletion_access_key_check check (deletion_access_key ~ '^v[0-9]+[.]'),
    add constraint destinations_deletion_secret_key_check check (deletion_secret_key ~ '^v[0-9]+[.]'),
    add constraint destinations_deletion_keys_check check (
      (deletion_access_key is null) = (deletion_secret_key is null) and (deletion_access_key is null or access_key is not null)
    );
  update holdfast.destinations set settings = settings || '{"objectLock": null}' where type <> 'local';`;

/** A database that came into the catalogue from a destination has no connection until somebody gives it one. */
const databases = `
  alter table holdfast.databases
    drop constraint databases_connection_check,
    add constraint databases_connection_check check (
      (host is null) = (port is null) and (host is null) = ("user" is null) and (server_id is null or host is null)
    );`;

const imports = `
  create table holdfast.imports (
    destination_id integer not null,
    requested_at timestamptz,
    request_id text,
    rung_at timestamptz,
    run integer not null default 0,
    lease_until timestamptz,
    started_at timestamptz,
    ended_at timestamptz,
    report jsonb,
    error jsonb,
    constraint imports_pkey primary key (destination_id),
    constraint imports_destination_fkey foreign key (destination_id) references holdfast.destinations (id) on delete cascade
  );`;

const verifications = `
  alter table holdfast.accounts add column verifications_turn_at timestamptz;
  create table holdfast.verifications (
    id uuid primary key,
    account_id integer not null,
    backup_id uuid not null,
    database_id uuid not null,
    cause text not null,
    level text not null,
    reached text,
    findings jsonb not null,
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
    constraint verifications_status_check check (status in ('scheduled', 'pending', 'done', 'error')),
    constraint verifications_attempt_check check (failures >= 0 and attempt >= failures),
    constraint verifications_max_failures_check check (
      max_failures >= 1 and failures <= max_failures and (failures < max_failures or status in ('done', 'error'))
    ),
    constraint verifications_lease_check check (
      (status = 'pending') = (lease_owner is not null) and (status = 'pending') = (lease_until is not null)
    ),
    constraint verifications_completed_at_check check ((status in ('done', 'error')) = (completed_at is not null)),
    constraint verifications_error_check check (
      (status <> 'error' or error is not null) and (status <> 'done' or error is null)
    ),
    constraint verifications_silence_seconds_check check (silence_seconds is null or (silence_seconds > 0 and server_id is not null)),
    constraint verifications_cause_check check (cause in ('policy', 'manual', 'recheck')),
    constraint verifications_level_check check (level in ${levels}),
    constraint verifications_reached_check check (reached in ${levels} and (status = 'done' or reached is null)),
    constraint verifications_account_fkey foreign key (account_id) references holdfast.accounts (id) on delete restrict,
    constraint verifications_backup_fkey foreign key (account_id, backup_id) references holdfast.backups (account_id, id) on delete restrict,
    constraint verifications_database_fkey foreign key (account_id, database_id) references holdfast.databases (account_id, id) on delete restrict,
    constraint verifications_server_fkey foreign key (server_id) references holdfast.servers (id) on delete set null
  );
  create index verifications_due_idx on holdfast.verifications (run_after) where status = 'scheduled';
  create index verifications_server_id_idx on holdfast.verifications (server_id) where status = 'scheduled';
  create index verifications_lease_idx on holdfast.verifications (lease_until) where status = 'pending';
  create index verifications_rung_idx on holdfast.verifications (rung_at) where status = 'scheduled' and rung_at is not null;
  create index verifications_order_idx on holdfast.verifications (account_id, created_at)
    where status = 'scheduled' and server_id is null;
  create unique index verifications_open_key on holdfast.verifications (backup_id) where status in ('scheduled', 'pending');
  create index verifications_short_idx on holdfast.verifications (backup_id)
    where completed_at is not null and reached is distinct from level;
  create index verifications_backup_id_idx on holdfast.verifications (backup_id);
  create index verifications_database_id_idx on holdfast.verifications (database_id);

  create table holdfast.verification_attempts (
    verification_id uuid not null,
    attempt integer not null,
    worker text not null,
    started_at timestamptz not null,
    ended_at timestamptz,
    settled boolean not null,
    bytes bigint not null,
    error jsonb,
    rung_at timestamptz,
    swept_at timestamptz,
    constraint verification_attempts_pkey primary key (verification_id, attempt),
    constraint verification_attempts_attempt_check check (attempt >= 1),
    constraint verification_attempts_settled_check check (not settled or (ended_at is not null and error is null)),
    constraint verification_attempts_swept_at_check check (swept_at is null or ended_at is not null),
    constraint verification_attempts_verification_fkey foreign key (verification_id) references holdfast.verifications (id) on delete restrict
  );
  create index verification_attempts_sweep_idx on holdfast.verification_attempts (ended_at) where swept_at is null;
  create unique index verification_attempts_settled_key on holdfast.verification_attempts (verification_id) where settled;`;

/** Verifications, keys of backups, restores that can be undone, imports, and what a store guards by itself. */
export class Proof1763942400000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statements of [backups, restores, destinations, databases, imports, verifications])
      await runner.query(statements);
  }

  async down(): Promise<void> {
    throw new Error('Migrations only go forward: to go back, restore the database from before the migration.');
  }
}
