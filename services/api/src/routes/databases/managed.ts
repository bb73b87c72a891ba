import type { Database, Schedule } from '@holdfast/shared/domain';
import { conflict } from '../../http/problem.ts';
import type { Owner } from './owned.ts';
import type { DatabaseChange } from './registration.ts';

/** What the policy of a whole server says of its databases. */
const saidByPolicy = [
  'type',
  'server_id',
  'host',
  'port',
  'user',
  'password',
  'database',
  'options',
  'destination_id',
] as const satisfies readonly (keyof DatabaseChange)[];

/** @throws Problem 409 for a change of what the policy of a database says */
export async function refuseManagedChange(
  owner: Owner,
  { name, policyId }: Database,
  asked: DatabaseChange,
): Promise<void> {
  const field = saidByPolicy.find((one) => asked[one] !== undefined);
  if (policyId === null || field === undefined) return;
  throw conflict(
    `The ${field} field of the database "${name}" follows ${await policyOf(owner, policyId)}: change it there.`,
  );
}

/** @throws Problem 409 for a database that the next run of its policy would register anew */
export async function refuseManagedDeletion(owner: Owner, { name, policyId, vanishedAt }: Database): Promise<void> {
  if (policyId === null || vanishedAt !== null) return;
  throw conflict(
    `The database "${name}" is covered by ${await policyOf(owner, policyId)}: exclude it there, and it stands by itself after the next run.`,
  );
}

/** @throws Problem 409 for the schedule by which a policy keeps the backups of a database */
export async function refuseManagedSchedule(owner: Owner, { policyId }: Schedule): Promise<void> {
  if (policyId === null) return;
  throw conflict(`This schedule is that of ${await policyOf(owner, policyId)}: change it there.`);
}

async function policyOf({ deps }: Owner, policyId: string): Promise<string> {
  const policy = await deps.persistence.policies.find(policyId);
  return `the policy "${policy?.name ?? policyId}"`;
}
