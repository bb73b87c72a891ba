import type { AttemptRow, BackupRow, Check, Evidence, Holding } from './evidence.ts';

/** The clocks are the same machine's; commit and row are timed on both sides of a connection. */
const slackMs = 20;

const settledAttempt = ({ attempts }: Evidence, id: string): AttemptRow | undefined =>
  attempts.find((attempt) => attempt.backup_id === id && attempt.settled);

/**
 * Compares what a database holds with what its backup must hold: a content that its source had while the settled attempt ran.
 * @returns what is wrong, or null
 */
function problemOf(evidence: Evidence, backup: BackupRow, holding: Holding): string | null {
  const source = evidence.sources.get(backup.database_id);
  const { version, lines } = holding;
  if (version === null) return 'it does not say which content it is';
  if (version.source !== source) return `it is a content of ${version.source}, not of ${source}`;
  const known = evidence.contents.get(version.source)?.get(version.version);
  if (!known) return `its source never had the version ${version.version}`;
  const different = lines.filter((line) => !known.lines.includes(line));
  if (different.length > 0 || lines.length !== known.lines.length) {
    return `it differs from version ${version.version} of ${source}: ${different.join('; ') || `${lines.length} parts instead of ${known.lines.length}`}`;
  }
  const attempt = settledAttempt(evidence, backup.id);
  if (!attempt?.ended_at) return 'no attempt of its backup settled';
  const from = Date.parse(attempt.started_at) - slackMs;
  const until = Date.parse(attempt.ended_at) + slackMs;
  if (known.from > until || (known.until ?? Infinity) < from) {
    return `version ${version.version} of ${source} was current from ${iso(known.from)} to ${iso(known.until)}, and the attempt ran from ${attempt.started_at} to ${attempt.ended_at}`;
  }
  return null;
}

const iso = (ms: number | null): string => (ms === null ? 'now' : new Date(ms).toISOString());

/** Every backup that is done can be read with public tools, restores, and is what its source was. */
export const content: Check = (evidence) =>
  evidence.read.flatMap(({ id, holding, problem }) => {
    const backup = evidence.backups.find((row) => row.id === id);
    if (!backup) return [];
    const found = problem ?? (holding ? problemOf(evidence, backup, holding) : 'it was not read');
    return found === null ? [] : [`backup ${id}: ${found}`];
  });

const blaming = new Set(['integrity', 'object_missing']);

/** No backup that can be read whole was called damaged: by its own flag, or by a restore that failed for another reason. */
export const blame: Check = ({ backups, restores: rows, read }) => {
  const whole = new Set(
    read.filter(({ problem, holding }) => problem === null && holding !== null).map(({ id }) => id),
  );
  return [
    ...backups
      .filter(({ id, damaged_at: damaged }) => whole.has(id) && damaged !== null)
      .map(({ id }) => `backup ${id} is whole and flagged as damaged`),
    ...rows
      .filter(({ backup_id: id, error }) => whole.has(id) && error !== null && blaming.has(error.code))
      .map(({ id, backup_id: backup, error }) => `restore ${id} says ${error?.code}, and backup ${backup} is whole`),
  ];
};

/** A restore that is done left what it promised; one that failed left the old content, or the whole new one. */
export const restores: Check = (evidence) => [...newDatabases(evidence), ...inPlace(evidence)];

function newDatabases(evidence: Evidence): string[] {
  const wanted = [...evidence.records.restores.values()].filter(({ mode }) => mode === 'new_database');
  return wanted.flatMap(({ id, target, backupId }) => {
    const row = evidence.restores.find((restore) => restore.id === id);
    const backup = evidence.backups.find((one) => one.id === backupId);
    const holding = evidence.targets.get(target) ?? null;
    if (!row || !backup) return [];
    if (holding === null) return row.status === 'done' ? [`restore ${id} is done, and there is no "${target}"`] : [];
    if (row.status !== 'done' && row.attempt === 0) return [`restore ${id} never began, and there is "${target}"`];
    const problem = problemOf(evidence, backup, holding);
    return problem === null ? [] : [`restore ${id} (${row.status}) of backup ${backupId} into "${target}": ${problem}`];
  });
}

function inPlace(evidence: Evidence): string[] {
  const wanted = [...evidence.records.restores.values()].filter(({ mode }) => mode === 'in_place');
  return [...new Set(wanted.map(({ target }) => target))].flatMap((target) => {
    const ids = new Set(wanted.filter((one) => one.target === target).map(({ id }) => id));
    const ended = evidence.restores
      .filter(({ id, completed_at: at }) => ids.has(id) && at !== null)
      .sort((a, b) => Date.parse(a.completed_at ?? '') - Date.parse(b.completed_at ?? ''));
    const lastDone = ended.findLastIndex(({ status }) => status === 'done');
    // What came later failed: it left what it found, or the whole of its backup where its last step was not heard of.
    const possible = ended
      .slice(Math.max(0, lastDone))
      .filter(({ status, attempt }) => status === 'done' || attempt > 0);
    const holding = evidence.targets.get(target) ?? null;
    if (holding === null) return [`"${target}" does not exist any more`];
    if (lastDone === -1 && isUntouched(evidence, target, holding)) return [];
    const problems = possible.map(({ backup_id: backupId }) => {
      const backup = evidence.backups.find(({ id }) => id === backupId);
      return backup ? problemOf(evidence, backup, holding) : `there is no backup ${backupId}`;
    });
    if (problems.includes(null)) return [];
    return [`"${target}" holds neither its old content nor that of a restore: ${problems.join(' / ') || 'none began'}`];
  });
}

function isUntouched({ contents }: Evidence, target: string, { version, lines }: Holding): boolean {
  const known = contents.get(target)?.get(0);
  return version?.source === target && known?.lines.join() === lines.join();
}
