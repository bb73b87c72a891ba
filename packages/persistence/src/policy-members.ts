import type { EntityManager } from 'typeorm';
import { isUnreadable, memberName, type Ids, type ServerPolicy } from '@holdfast/shared/domain';
import type { SecretBox } from '@holdfast/shared/security';
import { passwordContext, sealSecret } from './sealed.ts';

/** What registering databases takes. */
export interface Registry {
  box: SecretBox;
  ids: Ids;
}

/**
 * Locks what a policy covers, against a deletion or another change at the same moment: schedules before their databases, as
 * everybody does. The policy itself is locked by the caller, before.
 */
export async function lockMembers(manager: EntityManager, policyId: string): Promise<void> {
  await manager.query('select from holdfast.schedules where policy_id = $1 order by id for update', [policyId]);
  await manager.query('select from holdfast.databases where policy_id = $1 order by id for no key update', [policyId]);
}

/**
 * Has a policy cover a database of its server. One that bears the name and the address which it would be registered with was
 * covered before, or came from an import, and is taken over with its backups.
 * @returns the id of the registered database, and that of the schedule by which its backups are kept
 */
export async function coverDatabase(
  manager: EntityManager,
  { box, ids }: Registry,
  policy: ServerPolicy,
  database: string,
): Promise<{ id: string; scheduleId: string; isNew: boolean }> {
  const [known] = await manager.query<{ id: string }[]>(
    'select id from holdfast.databases where policy_id = $1 and database = $2',
    [policy.id, database],
  );
  const id =
    known?.id ??
    (await takeOver(manager, box, policy, database)) ??
    (await register(manager, { box, ids }, policy, database));
  return { id, scheduleId: await managedSchedule(manager, ids, policy, id), isNew: !known };
}

async function takeOver(
  manager: EntityManager,
  box: SecretBox,
  policy: ServerPolicy,
  database: string,
): Promise<string | null> {
  const [found] = await manager.query<{ id: string }[]>(
    `select id from holdfast.databases
     where account_id = $1 and name = $2 and type = $3 and database = $4 and policy_id is null and server_id is null
       and (host is null or (host, port) = ($5, $6)) for no key update`,
    [policy.accountId, memberName(policy.name, database, 1), policy.type, database, policy.host, policy.port],
  );
  if (!found) return null;
  await follow(manager, box, policy, found.id);
  return found.id;
}

async function register(
  manager: EntityManager,
  { box, ids }: Registry,
  policy: ServerPolicy,
  database: string,
): Promise<string> {
  const id = ids.uuid();
  for (let turn = 1; ; turn += 1) {
    const inserted = await manager.query<unknown[]>(
      `insert into holdfast.databases (id, account_id, name, type, database, host, port, "user", password, options, destination_id, policy_id)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
       on conflict (account_id, name) do nothing returning id`,
      [
        id,
        policy.accountId,
        memberName(policy.name, database, turn),
        policy.type,
        database,
        policy.host,
        policy.port,
        policy.user,
        policy.password && sealSecret(box, policy.password, passwordContext(id)),
        JSON.stringify(policy.options),
        policy.destinationId,
        policy.id,
      ],
    );
    if (inserted.length > 0) return id;
  }
}

/** Has a registered database reached and stored as the policy says. It keeps its password where that of the policy does not open. */
export async function follow(
  manager: EntityManager,
  box: SecretBox,
  { id: policyId, host, port, user, password, options, destinationId }: ServerPolicy,
  id: string,
): Promise<void> {
  await manager.query(
    `update holdfast.databases set policy_id = $2, host = $3, port = $4, "user" = $5,
       password = case when $9 then password else $6 end, options = $7,
       destination_id = $8, updated_at = now()
     where id = $1`,
    [
      id,
      policyId,
      host,
      port,
      user,
      password && !isUnreadable(password) ? sealSecret(box, password, passwordContext(id)) : null,
      JSON.stringify(options),
      destinationId,
      isUnreadable(password),
    ],
  );
}

/** The schedule of a database under its policy: by it retention, verification and alerts know the backups of the runs. */
async function managedSchedule(
  manager: EntityManager,
  ids: Ids,
  policy: ServerPolicy,
  databaseId: string,
): Promise<string> {
  const [known] = await manager.query<{ id: string }[]>(
    'select id from holdfast.schedules where policy_id = $1 and database_id = $2',
    [policy.id, databaseId],
  );
  if (known) return known.id;
  const id = ids.uuid();
  await manager.query(
    `insert into holdfast.schedules (id, account_id, database_id, policy_id, cron, timezone, retention, verification, enabled,
       catch_up, overlap, grace_seconds, jitter_seconds, is_periodic_setting)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'once', 'skip', 0, $10, false)`,
    [id, policy.accountId, databaseId, policy.id, ...scheduleValues(policy)],
  );
  return id;
}

/** Brings the schedules of all databases of a policy in line with it. */
export async function followInSchedules(manager: EntityManager, policy: ServerPolicy): Promise<void> {
  await manager.query(
    `update holdfast.schedules set cron = $2, timezone = $3, retention = $4, verification = $5, enabled = $6,
       jitter_seconds = $7, updated_at = now()
     where policy_id = $1`,
    [policy.id, ...scheduleValues(policy)],
  );
}

const scheduleValues = (policy: ServerPolicy): unknown[] => [
  policy.cron,
  policy.timezone,
  JSON.stringify(policy.retention),
  policy.verification && JSON.stringify(policy.verification),
  policy.enabled,
  policy.jitterSeconds,
];

/**
 * Has databases stand by themselves again. What they have of schedules stays, switched off, so that their backups are kept as
 * they were and nothing becomes due by surprise.
 */
export async function release(manager: EntityManager, policyId: string, databaseIds: readonly string[]): Promise<void> {
  await manager.query(
    `update holdfast.schedules set policy_id = null, enabled = false, updated_at = now()
     where policy_id = $1 and database_id = any ($2::uuid[])`,
    [policyId, databaseIds],
  );
  await manager.query(
    `update holdfast.databases set policy_id = null, vanished_at = null, vanish_expected = null, updated_at = now()
     where policy_id = $1 and id = any ($2::uuid[])`,
    [policyId, databaseIds],
  );
}

/** What a policy covers, in the order of the names on the server. */
export const selectMembers = `
  select id, name, database, vanished_at as "vanishedAt", vanish_expected as "vanishExpected"
  from holdfast.databases`;
