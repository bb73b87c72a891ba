import type { EntityManager } from 'typeorm';
import { HoldfastError } from '@holdfast/shared/domain';
import { forgetDeletedBackups, hasFormer } from './deleted-backups.ts';
import { endSlots } from './end-slots.ts';
import { askedOf, isBeingVerified, isGood, rank } from './proof.ts';
import type { DeletionAnswer, DeletionRequest } from './repositories/index.ts';
import { cancelWaiting } from './work.ts';

/** Whether a restore of the backup of that alias waits or runs. */
const isRestored = (w: string): string => `exists (
  select from holdfast.restores r where r.backup_id = ${w}.id and r.status in ('scheduled', 'pending'))`;

/** Whether a worker verifies the backup of that alias; one that only waits is cancelled by whoever deletes it. */
const runsVerification = (w: string): string => `exists (
  select from holdfast.verifications v where v.backup_id = ${w}.id and v.status = 'pending')`;

/** Whether the backup of that alias is needed by somebody, so that no policy touches it. */
export const isInUse = (w: string): string => `(${isRestored(w)} or ${isBeingVerified(w)})`;

/** Whether its database has a good backup beside `w` for which `condition`, on `g`, holds. */
const hasOther = (w: string, condition: string): string => `exists (
  select from holdfast.backups g
  where g.database_id = ${w}.database_id and g.id <> ${w}.id and ${condition} and ${isGood('g')})`;

/** Of which as much is proven as of `w`, up to what the policy of its schedule asks for; beside those in `except`, an array of ids. */
const hasEqual = (w: string, except = `'{}'::uuid[]`): string =>
  hasOther(
    w,
    `g.id <> all (${except}) and ${rank('g.verified_level')} >= least(${rank(`${w}.verified_level`)}, ${askedOf(w)})`,
  );

/** Whether the store itself still keeps the objects of the backup of that alias. */
const isObjectLocked = (w: string): string => `coalesce(${w}.object_locked_until > clock_timestamp(), false)`;

/** What stands in the way of deleting the backup `w`, as an SQL expression: a `DeletionAnswer`. */
const deletionAnswer = (keepLastGood: boolean): string => `case
  when w.status = 'pending' then 'running'
  when w.locked_at is not null then 'locked'
  when ${isRestored('w')} then 'being_restored'
  when ${runsVerification('w')} then 'being_verified'
  when ${isObjectLocked('w')} then 'object_locked'
  ${keepLastGood ? `when ${isGood('w')} and not ${hasOther('w', 'true')} then 'last_good'` : ''}
  else 'requested'
end`;

/** Backups that nobody may delete at the moment, and those that wait, as a condition on `w`. */
export const isBusy = `(w.status = 'scheduled' or ${deletionAnswer(false)} <> 'requested')`;

/** Whoever decides by what other good backups a database has holds this, so that two never count on each other's. */
export async function lockDatabase(manager: EntityManager, id: string): Promise<void> {
  await manager.query('select from holdfast.databases where id = $1 for no key update', [id]);
}

/**
 * Against a restore, a verification, a lock and a claim at the same moment: these are seen by the statements after this one.
 * Verifications that wait are locked after their backups, so that none of them begins.
 */
export async function lockBackups(manager: EntityManager, ids: readonly string[]): Promise<void> {
  await manager.query('select from holdfast.backups where id = any ($1::uuid[]) order by id for update', [ids]);
  await manager.query(
    `select from holdfast.verifications
     where backup_id = any ($1::uuid[]) and status in ('scheduled', 'pending') order by backup_id for update`,
    [ids],
  );
}

/** Cancels the verifications that wait of backups which somebody deletes; called after `lockBackups`. */
async function cancelVerifications(manager: EntityManager, ids: readonly string[]): Promise<void> {
  await manager.query(
    `update holdfast.verifications w set cancel_requested_at = clock_timestamp(), ${cancelWaiting}
     where backup_id = any ($1::uuid[]) and status = 'scheduled'`,
    [ids],
  );
}

/**
 * Marks a backup because somebody asked for it; one that waits is cancelled. Nobody sees it any more.
 * @returns what stands in the way, or null when it is unknown or marked already
 */
export async function markOnRequest(
  manager: EntityManager,
  accountId: number,
  id: string,
  { requestId, graceSeconds, keepLastGood = false }: DeletionRequest,
): Promise<DeletionAnswer | null> {
  const [found] = await manager.query<{ databaseId: string }[]>(
    'select database_id as "databaseId" from holdfast.backups where account_id = $1 and id = $2',
    [accountId, id],
  );
  if (!found) return null;
  await lockDatabase(manager, found.databaseId);
  await lockBackups(manager, [id]);
  const [row] = await manager.query<{ answer: DeletionAnswer }[]>(
    `select ${deletionAnswer(keepLastGood)} as answer from holdfast.backups w
     where w.id = $1 and w.deletion_requested_at is null`,
    [id],
  );
  if (row?.answer === 'requested') {
    await cancelVerifications(manager, [id]);
    await manager.query(
      `with changed as (
        update holdfast.backups w set
          deletion_requested_at = clock_timestamp(), deletion_request_id = $2,
          deletion_due_at = clock_timestamp() + make_interval(secs => $3), ${cancelWaiting}
        where id = $1 and deletion_requested_at is null
        returning w.id, w.status
      ) ${endSlots} select from changed`,
      [id, requestId ?? null, graceSeconds],
    );
  }
  return row?.answer ?? null;
}

/** A backup that retention lets go, and the sentence that says why. */
export interface Expiry {
  id: string;
  reason: string;
}

/**
 * Marks backups of one database because of a policy. Passed over is, whatever was planned: what has not ended, is locked,
 * is being restored or verified or is marked already; and everything that is done where no good one of which as much is proven
 * would be left beside those given. Takes the lock on the database's row, then those on the backups'.
 * @returns the ids of those that it marked
 */
export async function markExpired(
  manager: EntityManager,
  databaseId: string,
  expiries: readonly Expiry[],
  graceSeconds: number,
): Promise<string[]> {
  const ids = expiries.map(({ id }) => id);
  await lockDatabase(manager, databaseId);
  await lockBackups(manager, ids);
  const marked = await manager.query<{ id: string }[]>(
    `with changed as (
      update holdfast.backups w set
        deletion_requested_at = clock_timestamp(), deletion_reason = expired.reason,
        deletion_due_at = clock_timestamp() + make_interval(secs => $4)
      from unnest($2::uuid[], $3::text[]) expired (id, reason)
      where w.id = expired.id and w.database_id = $1 and w.deletion_requested_at is null
        and w.status in ('done', 'error') and w.locked_at is null and not ${isObjectLocked('w')} and not ${isInUse('w')}
        and (w.status <> 'done' or ${hasEqual('w', '$2::uuid[]')})
      returning w.id
    ) select id from changed`,
    [databaseId, ids, expiries.map(({ reason }) => reason), graceSeconds],
  );
  return marked.map(({ id }) => id);
}

/** Lets all backups of a destination that somebody removes go at once; those that are marked already, too. */
export async function markAllOfDestination(
  manager: EntityManager,
  destinationId: number,
  requestId: string | undefined,
): Promise<void> {
  await manager.query(
    `update holdfast.verifications w set cancel_requested_at = clock_timestamp(), ${cancelWaiting}
     from holdfast.backups b
     where b.id = w.backup_id and b.destination_id = $1 and w.status = 'scheduled'`,
    [destinationId],
  );
  await manager.query(
    `update holdfast.backups w set
      deletion_requested_at = coalesce(w.deletion_requested_at, clock_timestamp()),
      deletion_request_id = case when w.deletion_requested_at is null then $2 else w.deletion_request_id end,
      deletion_due_at = clock_timestamp(), deletion_begun_at = coalesce(w.deletion_begun_at, clock_timestamp()),
      deletion_reason = null
    where destination_id = $1 and deleted_at is null`,
    [destinationId, requestId ?? null],
  );
}

/** Takes a deletion back as long as no object was touched, as parts of an update of `w`. */
export const undoing = {
  set: `deletion_requested_at = null, deletion_request_id = null, deletion_reason = null, deletion_due_at = null,
    deletion_rung_at = null, deletion_error = null, deletion_failures = 0`,
  where: 'w.deletion_requested_at is not null and w.deletion_begun_at is null',
};

/**
 * The attempts of `w` whose worker may still write although somebody else ended them. Objects that it writes after the
 * removal would be nobody's once the records are forgotten.
 */
export const unswept = `
  select from holdfast.backup_attempts a where a.backup_id = w.id and not a.settled and a.swept_at is null`;

/**
 * Ends the time in which a deletion can be taken back: called before the first object is touched. What a policy marked is
 * spared instead when its database has no other good backup of which as much is proven now: others may have been damaged or deleted since, or all of
 * them look damaged because the destination leads to a wrong place.
 */
export async function beginRemoval(manager: EntityManager, id: string): Promise<'begun' | 'spared' | null> {
  const [found] = await manager.query<{ databaseId: string }[]>(
    'select database_id as "databaseId" from holdfast.backups where id = $1',
    [id],
  );
  if (!found) return null;
  await lockDatabase(manager, found.databaseId);
  await lockBackups(manager, [id]);
  const spared = await manager.query<unknown[]>(
    `with spared as (
      update holdfast.backups w set ${undoing.set}
      where w.id = $1 and ${undoing.where} and w.deletion_reason is not null
        and w.status = 'done' and not ${hasEqual('w')}
      returning w.id
    ) select id from spared`,
    [id],
  );
  if (spared.length > 0) return 'spared';
  const begun = await manager.query<unknown[]>(
    `with begun as (
      update holdfast.backups w set deletion_begun_at = coalesce(w.deletion_begun_at, clock_timestamp())
      where w.id = $1 and w.deletion_due_at <= clock_timestamp() and w.deleted_at is null and not exists (${unswept})
        and not ${isBeingVerified('w')}
      returning w.id
    ) select id from begun`,
    [id],
  );
  return begun.length > 0 ? 'begun' : null;
}

/**
 * Called where a row was just made to refer to a destination: it then holds a lock, so that no removal begins any more.
 * @throws HoldfastError configuration, when one had begun in the same moment
 */
export async function requireNotRemoved(manager: EntityManager, id: number | null | undefined): Promise<void> {
  if (id === null || id === undefined) return;
  const [removed] = await manager.query<unknown[]>(
    'select id from holdfast.destinations where id = $1 and deletion_requested_at is not null',
    [id],
  );
  if (removed) throw new HoldfastError('configuration', 'The destination has just been removed: choose another one.');
}

/** Ends the removal of a destination when the last of its backups is gone. */
export async function removeEmptyDestination(manager: EntityManager, id: number): Promise<void> {
  // Locked before it is looked at: of two that end its last backups at once, the later one sees what the earlier one did.
  const [removing] = await manager.query<unknown[]>(
    'select id from holdfast.destinations where id = $1 and deletion_requested_at is not null for update',
    [id],
  );
  if (!removing) return;
  const [used] = await manager.query<unknown[]>(
    `select id from holdfast.backups w where destination_id = $1 and (deleted_at is null or ${hasFormer('w')})
     union all select id from holdfast.databases where destination_id = $1
     union all select id from holdfast.schedules where destination_id = $1 limit 1`,
    [id],
  );
  if (used) return;
  await forgetDeletedBackups(manager, 'destination_id', id);
  await manager.query('delete from holdfast.destinations where id = $1', [id]);
}
