import type { EntityManager } from 'typeorm';
import {
  covers,
  suspicionOf,
  unreadableName,
  type PolicyMember,
  type PolicyRun,
  type RunFindings,
  type ServerPolicy,
} from '@holdfast/shared/domain';
import { insertBackup } from './new-backup.ts';
import { coverDatabase, lockMembers, release, selectMembers, type Registry } from './policy-members.ts';
import { beginSlot, dropSlots, planSlots } from './slots.ts';
import { isOccupied } from './take-slots.ts';

export interface Covering {
  run: PolicyRun;
  /** Locked by the caller. */
  policy: ServerPolicy;
  /** The databases that its server lists now. */
  listed: readonly string[];
  maxFailures: number;
}

const occupied = 'A backup of it waited or ran already.';

/** Brings what a policy covers in line with its server, and makes the backups of a run. */
export async function cover(manager: EntityManager, registry: Registry, covering: Covering): Promise<RunFindings> {
  const { policy, listed } = covering;
  await lockMembers(manager, policy.id);
  const members = await manager.query<PolicyMember[]>(`${selectMembers} where policy_id = $1`, [policy.id]);
  const there = new Set(listed);
  const matched = listed.filter((name) => covers(policy, name)).toSorted();
  const changes = await applyChanges(manager, policy, members, there);
  const known = new Set(members.map(({ database }) => database));
  const made = await makeBackups(manager, registry, covering, matched);
  const inSight = members.filter(({ vanishedAt }) => vanishedAt === null);
  return {
    listed: listed.length,
    ...made,
    added: matched.filter((name) => !known.has(name) && unreadableName(name) === null),
    ...changes,
    leftOut: listed.filter((name) => !covers(policy, name)).toSorted(),
    suspicious: suspicionOf(
      inSight.length,
      inSight.filter(({ database }) => !there.has(database)).length,
      listed.length,
    ),
  };
}

/** Marks what is gone and what is there again, and lets go what the patterns leave out by now. */
async function applyChanges(
  manager: EntityManager,
  policy: ServerPolicy,
  members: readonly PolicyMember[],
  there: ReadonlySet<string>,
): Promise<Pick<RunFindings, 'vanished' | 'returned' | 'released'>> {
  const released = members.filter(({ database }) => !covers(policy, database));
  const kept = members.filter(({ database }) => covers(policy, database));
  const vanished = kept.filter(({ database, vanishedAt }) => vanishedAt === null && !there.has(database));
  const returned = kept.filter(({ database, vanishedAt }) => vanishedAt !== null && there.has(database));
  await release(manager, policy.id, idsOf(released));
  await manager.query(
    `update holdfast.databases set vanished_at = clock_timestamp(), vanish_expected = null where id = any ($1::uuid[])`,
    [idsOf(vanished)],
  );
  await manager.query(
    `update holdfast.databases set vanished_at = null, vanish_expected = null where id = any ($1::uuid[])`,
    [idsOf(returned)],
  );
  return { vanished: namesOf(vanished), returned: namesOf(returned), released: namesOf(released) };
}

const idsOf = (members: readonly PolicyMember[]): string[] => members.map(({ id }) => id);
const namesOf = (members: readonly PolicyMember[]): string[] => members.map(({ database }) => database).toSorted();

/** One backup of each database; the first of them holds the server's globals where the policy asks for these. */
async function makeBackups(
  manager: EntityManager,
  registry: Registry,
  covering: Covering,
  matched: readonly string[],
): Promise<Pick<RunFindings, 'backedUp' | 'passedOver'>> {
  const { run, policy } = covering;
  const backedUp: string[] = [];
  const passedOver: RunFindings['passedOver'] = [];
  for (const database of matched) {
    const unreadable = unreadableName(database);
    if (unreadable !== null) {
      passedOver.push({ database, reason: unreadable });
      continue;
    }
    const { id, scheduleId } = await coverDatabase(manager, registry, policy, database);
    const withGlobals = policy.globals ? backedUp.length === 0 : null;
    if (await makeBackup(manager, registry, covering, { databaseId: id, scheduleId, withGlobals }))
      backedUp.push(database);
    else passedOver.push({ database, reason: occupied });
  }
  if (backedUp.length > 0) {
    await manager.query(
      `update holdfast.schedules s set last_run_at = clock_timestamp() from holdfast.backups b
       where b.run_id = $1 and s.policy_id = $2 and s.database_id = b.database_id`,
      [run.id, policy.id],
    );
  }
  return { backedUp, passedOver };
}

/** A backup of a slot of the database's schedule; where somebody asked for the run one that waits its turn. */
async function makeBackup(
  manager: EntityManager,
  { ids }: Registry,
  { run, maxFailures }: Covering,
  { databaseId, scheduleId, withGlobals }: { databaseId: string; scheduleId: string; withGlobals: boolean | null },
): Promise<boolean> {
  const { scheduledFor, requestId } = run;
  const request = { databaseId, destinationId: null, requestId, maxFailures, run: { id: run.id, withGlobals } };
  if (scheduledFor === null)
    return (await insertBackup(manager, ids, { ...request, method: 'manual', tick: null })) !== null;
  const slot = { scheduledFor, runAt: scheduledFor, covers: 1 };
  await planSlots(manager, scheduleId, [slot]);
  if (await isOccupied(manager, databaseId)) {
    await dropSlots(manager, scheduleId, [slot], 'overlap');
    return false;
  }
  await insertBackup(manager, ids, { ...request, method: 'periodic', tick: { scheduleId, scheduledFor } });
  await beginSlot(manager, scheduleId, scheduledFor);
  return true;
}
