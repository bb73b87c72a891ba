import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Who is told of what, and the outbox of what is to be told. */
export class Notifications1764374400000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table holdfast.notification_channels (
        id uuid primary key,
        account_id integer not null,
        schedule_id uuid,
        name text not null,
        type text not null,
        settings jsonb not null,
        secrets text,
        rules jsonb not null,
        enabled boolean not null,
        failures integer not null default 0,
        not_before timestamptz,
        failing_since timestamptz,
        last_error text,
        last_status integer,
        last_delivered_at timestamptz,
        lease_owner uuid,
        lease_until timestamptz,
        created_at timestamptz not null default now(),
        updated_at timestamptz not null default now(),
        constraint notification_channels_account_fkey foreign key (account_id)
          references holdfast.accounts (id) on delete restrict,
        constraint notification_channels_schedule_fkey foreign key (schedule_id)
          references holdfast.schedules (id) on delete cascade,
        constraint notification_channels_account_id_name_key unique (account_id, name),
        constraint notification_channels_schedule_id_key unique (schedule_id),
        constraint notification_channels_type_check
          check (type in ('webhook', 'email', 'slack', 'discord', 'teams', 'ntfy', 'ping') and (type = 'ping') = (schedule_id is not null)),
        constraint notification_channels_secrets_check check (secrets ~ '^v[0-9]+[.]'),
        constraint notification_channels_lease_check check ((lease_owner is null) = (lease_until is null))
      );

      create table holdfast.notification_events (
        id uuid primary key,
        account_id integer not null,
        source text not null,
        kind text not null,
        severity text not null,
        alert_id uuid,
        alert_kind text,
        subject_type text not null,
        subject_id text not null,
        database_id uuid,
        database_name text,
        message text not null,
        since timestamptz not null,
        at timestamptz not null,
        fanned_out_at timestamptz,
        constraint notification_events_account_fkey foreign key (account_id)
          references holdfast.accounts (id) on delete restrict,
        constraint notification_events_source_key unique (source),
        constraint notification_events_severity_check check (severity in ('info', 'warning', 'critical')),
        constraint notification_events_alert_check check ((alert_id is null) = (alert_kind is null))
      );
      create index notification_events_new_idx on holdfast.notification_events (account_id, at) where fanned_out_at is null;
      create index notification_events_alert_id_idx on holdfast.notification_events (alert_id) where alert_id is not null;
      create index notification_events_at_idx on holdfast.notification_events (at);

      create table holdfast.notification_deliveries (
        id uuid primary key,
        account_id integer not null,
        channel_id uuid not null,
        cause text not null,
        source text,
        ping text,
        backup_id uuid,
        message text,
        status text not null default 'scheduled',
        attempts integer not null default 0,
        next_attempt_at timestamptz not null default now(),
        give_up_at timestamptz not null,
        error text,
        answer_status integer,
        answer text,
        created_at timestamptz not null default now(),
        ended_at timestamptz,
        constraint notification_deliveries_account_fkey foreign key (account_id)
          references holdfast.accounts (id) on delete restrict,
        constraint notification_deliveries_channel_fkey foreign key (channel_id)
          references holdfast.notification_channels (id) on delete cascade,
        constraint notification_deliveries_source_key unique (source),
        constraint notification_deliveries_cause_check check (cause in ('event', 'digest', 'repeat', 'held', 'test', 'ping')),
        constraint notification_deliveries_ping_check
          check (ping in ('start', 'success', 'fail') and (cause = 'ping') = (ping is not null)),
        constraint notification_deliveries_status_check check (status in ('scheduled', 'pending', 'done', 'error')),
        constraint notification_deliveries_attempts_check check (attempts >= 0),
        constraint notification_deliveries_ended_at_check check ((status in ('done', 'error')) = (ended_at is not null))
      );
      create index notification_deliveries_due_idx on holdfast.notification_deliveries (channel_id, next_attempt_at)
        where status in ('scheduled', 'pending');
      create index notification_deliveries_account_id_created_at_idx on holdfast.notification_deliveries (account_id, created_at);
      create index notification_deliveries_channel_id_created_at_idx on holdfast.notification_deliveries (channel_id, created_at);
      create index notification_deliveries_ended_at_idx on holdfast.notification_deliveries (ended_at) where ended_at is not null;

      create table holdfast.notification_delivery_events (
        delivery_id uuid not null,
        event_id uuid not null,
        channel_id uuid not null,
        constraint notification_delivery_events_pkey primary key (delivery_id, event_id),
        constraint notification_delivery_events_delivery_fkey foreign key (delivery_id)
          references holdfast.notification_deliveries (id) on delete cascade,
        constraint notification_delivery_events_event_fkey foreign key (event_id)
          references holdfast.notification_events (id) on delete cascade
      );
      create index notification_delivery_events_event_id_idx on holdfast.notification_delivery_events (event_id, channel_id);

      create table holdfast.notification_scans (
        name text primary key,
        scanned_until timestamptz not null
      );
      create index backups_completed_at_idx on holdfast.backups (completed_at) where completed_at is not null;
      create index restores_completed_at_idx on holdfast.restores (completed_at) where completed_at is not null;

      alter table holdfast.alerts drop constraint alerts_subject_type_check, add constraint alerts_subject_type_check
        check (subject_type in ('database', 'schedule', 'backup', 'destination', 'policy', 'service', 'channel'));`);
  }

  async down(): Promise<void> {
    throw new Error('Migrations only go forward: to go back, restore the database from before the migration.');
  }
}
