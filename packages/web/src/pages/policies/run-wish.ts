import type { Database } from '../../data/databases.ts';
import type { PolicyRun, RunBackup } from '../../data/policies.ts';
import type { RunPart, RunRestoreWish } from '../../data/run-restores.ts';

/** What the wizard's first step asks, as its form holds it. */
export interface RunWish {
  place: 'beside' | 'in_place';
  suffix: string;
  /** Names on the server that are not wanted. */
  without: readonly string[];
  keepHours: number | null;
  /** What `bringsGlobals` tells; null: as is usual for the place. */
  globals: boolean | null;
  allowDamaged: boolean;
}

/** A database of the run, and why nothing of it can be restored; null: it can. */
export interface RunSource {
  database: string;
  backup: RunBackup | null;
  lacks: string | null;
}

/** Beside those in use, under names that say of when they are. */
export const newRunWish = ({ created_at: at }: PolicyRun): RunWish => ({
  place: 'beside',
  suffix: `_restored_${at.slice(0, 10).replaceAll('-', '')}`,
  without: [],
  keepHours: null,
  globals: null,
  allowDamaged: false,
});

type Registered = Pick<Database, 'id' | 'database'>;

/** The databases of the run by their names, those without a backup too. */
export function sourcesOf(
  run: Pick<PolicyRun, 'findings'>,
  backups: readonly RunBackup[],
  databases: readonly Registered[],
  allowDamaged: boolean,
): RunSource[] {
  const names = new Map(databases.map(({ id, database }) => [id, database]));
  const made = backups.map((backup) => ({
    database: names.get(backup.database_id) ?? backup.name,
    backup,
    lacks: names.has(backup.database_id) ? lackOf(backup, allowDamaged) : 'It is not registered any more.',
  }));
  const passedOver = (run.findings?.passed_over ?? []).map(({ database, reason }) => ({
    database,
    backup: null,
    lacks: `It was passed over: ${reason}`,
  }));
  return [...made, ...passedOver].toSorted((a, b) => a.database.localeCompare(b.database, 'en'));
}

function lackOf({ status, verification }: RunBackup, allowDamaged: boolean): string | null {
  if (status === 'error') return 'Its backup failed.';
  if (status !== 'done') return 'Its backup has not ended yet.';
  return verification.damage && !allowDamaged ? 'Its backup was found damaged.' : null;
}

/** Those that are to be restored. */
export const chosenOf = (sources: readonly RunSource[], { without }: RunWish): RunSource[] =>
  sources.filter(({ database, lacks }) => lacks === null && !without.includes(database));

/** Whether the server's roles and tablespaces come first. */
export const bringsGlobals = ({ place, globals }: RunWish): boolean => globals ?? place === 'in_place';

/** The body of the request, without what was left at its usual value. */
export function runRestoreOf(wish: RunWish, sources: readonly RunSource[]): RunRestoreWish {
  const chosen = chosenOf(sources, wish);
  const isUsual = bringsGlobals(wish) === (wish.place === 'in_place');
  return {
    target: wish.place === 'beside' ? { suffix: wish.suffix } : { in_place: true },
    ...(chosen.length < sources.length && { databases: chosen.map(({ database }) => database) }),
    ...(!isUsual && { globals: bringsGlobals(wish) }),
    ...(wish.place === 'in_place' && wish.keepHours !== null && { keep_hours: wish.keepHours }),
    ...(wish.allowDamaged && { allow_damaged: true }),
  };
}

/** The same, as a restore of each database by itself: what is looked at before. */
export const partsOf = (wish: RunWish, sources: readonly RunSource[]): RunPart[] =>
  chosenOf(sources, wish).flatMap(({ database, backup }) => {
    if (!backup) return [];
    const target = wish.place === 'beside' ? { new_database: database + wish.suffix } : ({ in_place: true } as const);
    const only = {
      ...(wish.place === 'in_place' && wish.keepHours !== null && { keep_hours: wish.keepHours }),
      ...(wish.allowDamaged && { allow_damaged: true }),
    };
    return [{ database, databaseId: backup.database_id, backupId: backup.id, wish: { target, ...only } }];
  });
