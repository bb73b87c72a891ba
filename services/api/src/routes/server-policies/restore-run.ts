import type { RunRestorePart } from '@holdfast/persistence';
import { covers, type Backup, type ContentTarget, type PolicyRun, type ServerPolicy } from '@holdfast/shared/domain';
import type { z } from 'zod';
import { databaseName, looksLikeUuid } from '../../http/fields.ts';
import { conflict, invalid } from '../../http/problem.ts';
import type { Owner } from '../databases/owned.ts';
import type { runRestoreRequest } from './restores.ts';

export type RunRestoreWish = NonNullable<z.output<typeof runRestoreRequest>>;

/** One good backup of a run, and the name of its database on the server. */
interface Source {
  backup: Backup;
  database: string;
}

export interface RunRestorePlan {
  intoPolicyId: string | null;
  ownership: 'keep' | 'skip';
  keepHours: number;
  firstBefore: boolean;
  parts: RunRestorePart[];
}

/**
 * Decides what a wish leaves open, before any row is made.
 * @throws Problem 409 when the run has not ended or is not whole; 422
 */
export async function planRunRestore(
  owner: Owner,
  { policy, run }: { policy: ServerPolicy; run: PolicyRun },
  wish: RunRestoreWish,
): Promise<RunRestorePlan> {
  const into = await targetPolicy(owner, policy, wish);
  const sources = await goodOnes(owner, run, wish);
  const suffix = wish.target && 'suffix' in wish.target ? wish.target.suffix : null;
  if (suffix !== null && (wish.keep_hours ?? 0) > 0) {
    throw wrong('keep_hours', 'must be left out where new databases are made: nothing is replaced that could be kept');
  }
  const inPart = suffix === null ? sources.filter(({ backup }) => backup.part !== null) : [];
  if (inPart.length > 0) {
    throw wrong(
      'target',
      `must be {"suffix": "…"} for ${namesOf(inPart)}: these backups are of parts of their databases, which cannot replace the whole`,
    );
  }
  const uncovered = into ? sources.filter(({ database }) => !covers(into, database)) : [];
  if (uncovered.length > 0) {
    throw wrong('to_policy_id', `must be the id of a policy that covers ${namesOf(uncovered)}, too`);
  }
  const first = wantsGlobals(sources, wish, into !== null || suffix === null);
  const ordered = [...sources].toSorted((a, b) => Number(b === first) - Number(a === first));
  const parts = ordered.map(async (source): Promise<RunRestorePart> => {
    const { backup, database } = source;
    const target: ContentTarget =
      suffix === null ? { mode: 'in_place' } : { mode: 'new_database', database: withSuffix(database, suffix) };
    const fileIds = backup.withGlobals === true ? await filesOf(owner, backup, source === first) : null;
    return { backupId: backup.id, databaseId: backup.databaseId, database, target, fileIds };
  });
  return {
    intoPolicyId: into?.id ?? null,
    ownership: wish.ownership ?? (first || (into === null && suffix === null) ? 'keep' : 'skip'),
    keepHours: wish.keep_hours ?? (suffix === null ? owner.deps.settings.HOLDFAST_FORMER_HOURS : 0),
    firstBefore: first !== null,
    parts: await Promise.all(parts),
  };
}

/** The policy of another server; null: its own. @throws Problem 422 */
async function targetPolicy(
  { deps, accountId }: Owner,
  policy: ServerPolicy,
  { to_policy_id: id }: RunRestoreWish,
): Promise<ServerPolicy | null> {
  if (id === undefined || id.toLowerCase() === policy.id) return null;
  const found = looksLikeUuid(id) ? await deps.persistence.policies.findOwned(accountId, id) : null;
  if (!found) throw wrong('to_policy_id', 'must be the id of one of your policies');
  if (found.type !== policy.type) throw wrong('to_policy_id', `must be of a policy of the type ${policy.type}`);
  return found;
}

/** What can be restored of what is asked for. @throws Problem 409, 422 */
async function goodOnes({ deps, accountId }: Owner, run: PolicyRun, wish: RunRestoreWish): Promise<Source[]> {
  const { findings } = run;
  if (run.status !== 'done' || !findings) throw conflict('This run has no backups: its server was not listed.');
  const whole = [...findings.backedUp, ...findings.passedOver.map(({ database }) => database)];
  const wanted = wish.databases ?? whole;
  const unknown = wanted.filter((database) => !whole.includes(database));
  if (unknown.length > 0)
    throw wrong('databases', `must hold only databases of this run, which ${quoted(unknown)} is not`);
  const registered = new Map(
    (await deps.persistence.databases.list(accountId)).map(({ id, database }) => [id, database]),
  );
  const sources = (await deps.persistence.policyRuns.backupsOf(run.id)).flatMap((backup) => {
    const database = registered.get(backup.databaseId);
    const isGood = backup.status === 'done' && (backup.damagedAt === null || wish.allow_damaged === true);
    return database !== undefined && isGood && wanted.includes(database) ? [{ backup, database }] : [];
  });
  const good = new Set(sources.map(({ database }) => database));
  const lacking = wanted.filter((database) => !good.has(database));
  if (lacking.length > 0 && wish.allow_partial !== true) {
    throw conflict(
      `This run is not whole: it has no good backup of ${quoted(lacking)}. Restore another run, or send "allow_partial": true for the others alone.`,
    );
  }
  if (sources.length === 0) throw conflict('This run has no good backup of what is asked for.');
  return sources;
}

/** The backup that brings the server's globals; null: none does. @throws Problem 409, 422 */
function wantsGlobals(
  sources: readonly Source[],
  { globals, databases }: RunRestoreWish,
  usually: boolean,
): Source | null {
  const holder = sources.find(({ backup }) => backup.withGlobals === true) ?? null;
  if (globals === true && !holder) {
    if (databases) throw wrong('globals', 'must be left out, as the backups of these databases do not hold them');
    throw conflict('This run has no good backup that holds the globals of its server.');
  }
  return (globals ?? usually) ? holder : null;
}

/** @throws Problem 422 for a name that no server takes */
function withSuffix(database: string, suffix: string): string {
  const parsed = databaseName.safeParse(database + suffix);
  if (!parsed.success) {
    throw wrong('target', `must have a suffix that makes names which servers take: "${database}${suffix}" is none`);
  }
  return parsed.data;
}

/** The dump, and the globals only where they are wanted: whoever restores then leaves nothing to what is usual. */
async function filesOf({ deps }: Owner, { id }: Backup, isFirst: boolean): Promise<string[]> {
  const files = await deps.persistence.backups.files(id);
  return files.filter(({ role }) => role === 'dump' || (isFirst && role === 'globals')).map((file) => file.id);
}

const quoted = (names: readonly string[]): string => names.map((name) => `"${name}"`).join(', ');
const namesOf = (sources: readonly Source[]): string => quoted(sources.map(({ database }) => database));
const wrong = (field: string, predicate: string) => invalid({ [field]: [`The ${field} field ${predicate}.`] });
