import type { Check, Evidence } from './evidence.ts';

const isFinal = ({ status }: { status: string }): boolean => status === 'done' || status === 'error';

/** Whatever was accepted has ended, and nothing was made twice. */
export const final: Check = ({ records, backups, restores }) => [
  ...[...records.backups.values()].flatMap(({ id, cancelAccepted }) => {
    const row = backups.find((backup) => backup.id === id);
    if (!row) return [`backup ${id} was accepted and does not exist`];
    const cancelled = row.status === 'done' || row.error?.code === 'cancelled';
    return cancelAccepted && !cancelled ? [`backup ${id} was cancelled and ended as ${row.error?.code}`] : [];
  }),
  ...[...records.restores.values()].flatMap(({ id, cancelAccepted }) => {
    const row = restores.find((restore) => restore.id === id);
    if (!row) return [`restore ${id} was accepted and does not exist`];
    const cancelled = row.status === 'done' || row.error?.code === 'cancelled';
    return cancelAccepted && !cancelled ? [`restore ${id} was cancelled and ended as ${row.error?.code}`] : [];
  }),
  ...backups.filter((row) => !isFinal(row)).map(({ id, status }) => `backup ${id} is still ${status}`),
  ...restores.filter((row) => !isFinal(row)).map(({ id, status }) => `restore ${id} is still ${status}`),
];

/** A request that is repeated with the same key makes nothing more. */
export const once: Check = ({ records, backups, restores }) => {
  if (records.unanswered.length > 0) return [];
  return [
    ...backups
      .filter(({ id, method }) => method === 'manual' && !records.backups.has(id))
      .map(({ id }) => `backup ${id} was made, and no answer named it`),
    ...restores
      .filter(({ id }) => !records.restores.has(id))
      .map(({ id }) => `restore ${id} was made, and no answer named it`),
  ];
};

/** Of the attempts of a backup one settled when it is done, and none otherwise; all have ended and were tidied up. */
export const attempts: Check = ({ backups, attempts: rows }) => {
  const byBackup = Map.groupBy(rows, (row) => row.backup_id);
  return backups.flatMap(({ id, status, attempt: last, deleted_at: deleted }) => {
    const own = byBackup.get(id) ?? [];
    const settled = own.filter((row) => row.settled);
    const wanted = status === 'done' ? 1 : 0;
    return [
      ...(settled.length === wanted ? [] : [`backup ${id} is ${status} with ${settled.length} settled attempts`]),
      ...(own.length === last ? [] : [`backup ${id} counts ${last} attempts and has ${own.length} on record`]),
      ...own.filter((row) => row.ended_at === null).map((row) => `attempt ${row.attempt} of ${id} never ended`),
      ...own
        .filter((row) => !row.settled && row.swept_at === null && deleted === null)
        .map((row) => `attempt ${row.attempt} of ${id} was never swept`),
    ];
  });
};

/** The stores hold the objects of settled attempts of backups that are not deleted, and nothing else. */
export const objects: Check = (evidence) => {
  const wanted = wantedObjects(evidence);
  const found = new Set(evidence.objects.map(asText));
  return [
    ...[...wanted].filter(([name]) => !found.has(name)).map(([name, id]) => `${name} of backup ${id} is missing`),
    ...evidence.objects.filter((one) => !wanted.has(asText(one))).map((one) => `${asText(one)} belongs to nothing`),
    ...evidence.uploads.map((one) => `${asText(one)} is an upload that nobody ended`),
  ];
};

const asText = ({ destinationId, key }: { destinationId: number; key: string }): string => `${destinationId}:${key}`;

function wantedObjects({ backups, files }: Evidence): Map<string, string> {
  const wanted = new Map<string, string>();
  for (const { id, status, destination_id: destinationId, manifest_key: manifest, deleted_at: deleted } of backups) {
    if (status !== 'done' || deleted !== null || manifest === null) continue;
    const keys = [manifest, ...files.filter((file) => file.backup_id === id).map(({ key }) => key)];
    for (const key of keys) wanted.set(asText({ destinationId, key }), id);
  }
  return wanted;
}

/** A deletion that was asked for is over, and nothing else was deleted: no locked backup, none that nobody wanted away. */
export const deletions: Check = ({ records, backups }) =>
  backups.flatMap(({ id, schedule_id: schedule, method, deletion_requested_at: asked, deleted_at: deleted }) => {
    const record = records.backups.get(id);
    const problems = [];
    if (asked !== null && deleted === null) problems.push(`backup ${id} was to be deleted and is not yet`);
    if (record?.lock === 'locked' && asked !== null) problems.push(`backup ${id} is locked and was deleted`);
    if (record?.deletion === 'asked' && asked === null) problems.push(`backup ${id} was deleted and is there again`);
    if (record?.deletion === null && asked !== null && method === 'manual' && schedule === null) {
      problems.push(`backup ${id} was deleted, and nobody asked for it`);
    }
    return problems;
  });

/** Retention leaves every schedule that ever had a good backup one. (The driver itself deletes none of a schedule.) */
export const retention: Check = ({ schedules, backups }) =>
  schedules.flatMap(({ id }) => {
    const good = backups.filter((row) => row.schedule_id === id && row.status === 'done' && row.damaged_at === null);
    const kept = good.filter((row) => row.deletion_requested_at === null);
    return good.length > 0 && kept.length === 0
      ? [`schedule ${id} had ${good.length} good backups, and none is left`]
      : [];
  });
