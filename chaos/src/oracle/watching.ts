import { standingOf } from './standing.ts';
import { told } from './told.ts';
import type { WatchCheck, Watched } from './watched.ts';

/** What the API says of each database is what its rows say, and no service is called silent. */
const protection: WatchCheck = (watched) => {
  const shown = new Map(watched.protection.databases.map((one) => [one.database.id, one]));
  return [
    ...watched.databases.flatMap((row) => {
      const { state, newestGood } = standingOf(row, watched);
      const one = shown.get(row.id);
      if (!one) return [`"${row.name}" is not judged`];
      if (one.state !== state) return [`"${row.name}" is called ${one.state} and is ${state}`];
      if (one.since === null) return [`the sentinel did not find that "${row.name}" is ${state}`];
      const id = one.newest_good?.backup_id ?? null;
      return id === newestGood ? [] : [`the newest good backup of "${row.name}" is ${newestGood}, not ${id}`];
    }),
    ...watched.protection.services
      .filter(({ state }) => state !== 'running')
      .map(({ service, state }) => `the service ${service} runs and is called ${state}`),
  ];
};

/** An alert is open while its cause lasts, and only then. */
const alerts: WatchCheck = (watched) => {
  const wanted = new Set(causes(watched));
  const open = watched.alerts.filter(({ cleared_at: cleared }) => cleared === null);
  const found = new Set(open.map(({ kind, subject_id: subject }) => `${kind} of ${subject}`));
  return [
    ...[...wanted].filter((alert) => !found.has(alert)).map((alert) => `there is no alert ${alert}`),
    ...[...found].filter((alert) => !wanted.has(alert)).map((alert) => `the alert ${alert} is open without a cause`),
  ];
};

function causes(watched: Watched): string[] {
  const { databases, backups, reconciliations, orphans, now } = watched;
  const unseen = new Set(
    reconciliations.filter(({ error }) => error?.code === 'object_missing').map((row) => row.destination_id),
  );
  return [
    ...databases.flatMap((row) => {
      const { state, lastFailed, unplanned, everDone, rpoSeconds } = standingOf(row, watched);
      // A first backup has its time.
      const isNew = !everDone && now - Date.parse(row.created_at) <= rpoSeconds * 1000;
      const isTold = row.objectives !== null && state === 'at_risk' && unplanned;
      return [
        ...(lastFailed ? [`backup_failed of ${row.id}`] : []),
        ...(state === 'unprotected' && !isNew ? [`protection_lost of ${row.id}`] : []),
        ...(isTold ? [`protection_at_risk of ${row.id}`] : []),
      ];
    }),
    ...backups
      .filter((row) => row.damaged_at !== null && row.deletion_requested_at === null)
      .filter((row) => !unseen.has(row.destination_id))
      .map(({ id }) => `backup_damaged of ${id}`),
    ...reconciliations
      .filter(({ error }) => error !== null)
      .map((row) => `reconciliation_failed of ${row.destination_id}`),
    ...orphans.map((row) => `orphans_found of ${row.destination_id}`),
  ];
}

/** The logs of changes are whole, and what was accepted is in them, or was begun by a process that died over it. */
const audit: WatchCheck = ({ auditProblem, auditEntries, auditIntents, accepted }) => [
  ...(auditProblem === null ? [] : [auditProblem]),
  ...Object.entries(accepted).flatMap(([action, ids]) => {
    const own = auditEntries.filter((entry) => entry.action === action);
    const entered = new Set(own.map((entry) => entry.object_id));
    const missing = ids.filter((id) => !entered.has(id));
    const unsure =
      own.filter(({ outcome }) => outcome !== 'done').length + auditIntents.filter((one) => one === action).length;
    return missing.length > unsure ? [`${action}: ${missing.length} are not in the log (${missing.join(', ')})`] : [];
  }),
];

/** All checks of those who watch and tell, by their names; docs/chaos.md explains each. */
export const watching: Readonly<Record<string, WatchCheck>> = { told, protection, alerts, audit };
