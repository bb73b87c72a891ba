import type { MigrationInterface, QueryRunner } from 'typeorm';

const ofWork = ['status', 'attempt', 'progress_bytes', 'estimated_bytes', 'cancel_requested_at'];
const ofBackups = [
  'damaged_at',
  'verified_level',
  'locked_at',
  'deletion_requested_at',
  'deletion_begun_at',
  'deleted_at',
];

/** Which changes are told of. */
const told = [
  { table: 'backups', kind: 'backup', columns: [...ofWork, ...ofBackups] },
  { table: 'restores', kind: 'restore', columns: [...ofWork, 'former'] },
  { table: 'verifications', kind: 'verification', columns: ofWork },
  { table: 'policy_runs', kind: 'run', columns: ofWork },
  { table: 'alerts', kind: 'alert', columns: ['message', 'acknowledged_at', 'cleared_at'] },
  { table: 'notification_deliveries', kind: 'delivery', columns: ['status', 'attempts'] },
];

/** Who is signed in, and who did what; and what changes is told to whoever listens. */
export class Access1764460800000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table holdfast.sessions (
        id uuid primary key,
        hash text not null,
        token_id uuid not null,
        account_id integer not null,
        created_at timestamptz not null default now(),
        seen_at timestamptz not null default now(),
        expires_at timestamptz not null,
        constraint sessions_hash_key unique (hash),
        constraint sessions_hash_check check (hash ~ '^[0-9a-f]{64}$'),
        constraint sessions_token_fkey foreign key (token_id) references holdfast.api_tokens (id) on delete restrict,
        constraint sessions_account_fkey foreign key (account_id) references holdfast.accounts (id) on delete restrict
      );
      create index sessions_token_id_idx on holdfast.sessions (token_id);
      create index sessions_expires_at_idx on holdfast.sessions (expires_at);`);
    await runner.query(`
      create table holdfast.audit_log (
        chain integer not null,
        position integer not null,
        id uuid not null,
        at timestamptz not null,
        actor_type text not null,
        actor_id text,
        actor_name text not null,
        action text not null,
        outcome text not null,
        object_type text not null,
        object_id text,
        object_name text,
        address text,
        request_id text,
        details text not null,
        previous text not null,
        hash text not null,
        constraint audit_log_pkey primary key (chain, position),
        constraint audit_log_id_key unique (id),
        constraint audit_log_actor_type_check check (actor_type in ('token', 'system')),
        constraint audit_log_outcome_check check (outcome in ('done', 'failed', 'refused', 'unknown')),
        constraint audit_log_hash_check check (hash ~ '^[0-9a-f]{64}$' and previous ~ '^[0-9a-f]{64}$')
      );
      create index audit_log_chain_action_position_idx on holdfast.audit_log (chain, action, position);
      create index audit_log_chain_object_id_position_idx on holdfast.audit_log (chain, object_id, position);

      create function holdfast.audit_hash(e holdfast.audit_log) returns text language sql immutable as $$
        select encode(sha256(convert_to(string_agg(
          coalesce(octet_length(convert_to(field, 'UTF8')) || ':' || field, '-'), ',' order by number
        ), 'UTF8')), 'hex')
        from unnest(array[
          'holdfast audit 1', e.chain::text, e.position::text, e.previous, e.id::text,
          to_char(e.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
          e.actor_type, e.actor_id, e.actor_name, e.action, e.outcome, e.object_type, e.object_id, e.object_name,
          e.address, e.request_id, e.details
        ]) with ordinality fields (field, number)
      $$;

      create function holdfast.audit_chain() returns trigger language plpgsql as $$
      declare
        last record;
      begin
        -- One after another for each log: each entry holds the hash of the one before it.
        perform pg_advisory_xact_lock(hashtextextended('holdfast audit', new.chain));
        select position, hash into last from holdfast.audit_log where chain = new.chain order by position desc limit 1;
        new.position := coalesce(last.position, 0) + 1;
        new.previous := coalesce(last.hash, repeat('0', 64));
        new.at := date_trunc('milliseconds', clock_timestamp());
        new.hash := holdfast.audit_hash(new);
        return new;
      end $$;
      create trigger audit_log_chain before insert on holdfast.audit_log
        for each row execute function holdfast.audit_chain();

      create function holdfast.audit_refuse() returns trigger language plpgsql as $$
      begin
        raise exception 'The audit log is only ever added to.' using errcode = 'insufficient_privilege';
      end $$;
      create trigger audit_log_append_only before update or delete or truncate on holdfast.audit_log
        for each statement execute function holdfast.audit_refuse();
      -- Also in sessions that turn ordinary triggers off.
      alter table holdfast.audit_log enable always trigger audit_log_append_only;
      alter table holdfast.audit_log enable always trigger audit_log_chain;

      create table holdfast.audit_intents (
        id uuid primary key,
        chain integer not null,
        action jsonb not null,
        begun_at timestamptz not null default now()
      );
      create index audit_intents_begun_at_idx on holdfast.audit_intents (begun_at);`);
    await runner.query(`
      create function holdfast.tell_change() returns trigger language plpgsql as $$
      declare
        is_row jsonb := to_jsonb(new);
      begin
        perform pg_notify('holdfast_changes', jsonb_build_object(
          'accountId', is_row -> 'account_id',
          'kind', tg_argv[0],
          'id', is_row -> 'id',
          'databaseId', case
            when tg_argv[0] <> 'alert' then is_row ->> 'database_id'
            when is_row ->> 'subject_type' = 'database' then is_row ->> 'subject_id'
          end,
          'status', case
            when tg_argv[0] <> 'alert' then is_row ->> 'status'
            when is_row ->> 'cleared_at' is not null then 'cleared'
            when is_row ->> 'acknowledged_at' is not null then 'acknowledged'
            else 'open'
          end,
          'progress', case when is_row ? 'progress_bytes' then
            jsonb_build_object('bytes', is_row -> 'progress_bytes', 'total', is_row -> 'estimated_bytes')
          end)::text);
        return null;
      end $$;`);
    for (const { table, kind, columns } of told) {
      const changed = columns.map((column) => `old.${column} is distinct from new.${column}`).join(' or ');
      await runner.query(`
        create trigger ${table}_tell_new after insert on holdfast.${table}
          for each row execute function holdfast.tell_change('${kind}');
        create trigger ${table}_tell_change after update on holdfast.${table}
          for each row when (${changed}) execute function holdfast.tell_change('${kind}');`);
    }
  }

  async down(): Promise<void> {
    throw new Error('Migrations only go forward: to go back, restore the database from before the migration.');
  }
}
