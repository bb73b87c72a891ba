import type { Action } from './actions.ts';
import { seenBackups } from './backup-actions.ts';
import type { DriverOptions } from './driver.ts';
import type { AcceptedRestore } from './records.ts';

let names = 0;

async function restore(
  { api, records }: DriverOptions,
  databaseId: string,
  backupId: string,
  body: unknown,
  place: Pick<AcceptedRestore, 'target' | 'mode' | 'databaseId'>,
): Promise<'done' | `${number}`> {
  const path = `/api/databases/${databaseId}/backups/${backupId}/restore`;
  const answer = await api.ask('POST', path, body);
  if (answer.status !== 201) return `${answer.status}`;
  const { id } = answer.body as { id: string };
  records.restores.set(id, { ...place, id, backupId, cancelAccepted: false, acceptedAt: Date.now() });
  return 'done';
}

async function doneBackup(context: DriverOptions): Promise<{ id: string; databaseId: string } | null> {
  const done = (await seenBackups(context)).filter(({ status }) => status === 'done');
  const found = context.random.pick(done.slice(0, 6));
  return found ? { id: found.id, databaseId: (found as unknown as { database_id: string }).database_id } : null;
}

const intoNew: Action = {
  name: 'restore into new database',
  weight: 5,
  routes: [['POST', '/api/databases/{db}/backups/{id}/restore']],
  run: async (context) => {
    const backup = await doneBackup(context);
    if (!backup) return 'nothing to do';
    names += 1;
    const target = `restored ${names}`;
    const body = { target: { new_database: target }, ownership: context.random.chance(0.5) ? 'keep' : 'skip' };
    const place = { target, mode: 'new_database', databaseId: backup.databaseId } as const;
    return restore(context, backup.databaseId, backup.id, body, place);
  },
};

const inPlace: Action = {
  name: 'restore in place',
  weight: 6,
  routes: [['POST', '/api/databases/{db}/backups/{id}/restore']],
  run: async (context) => {
    const target = context.random.pick(context.targets);
    const backup = await doneBackup(context);
    if (!backup || !target) return 'nothing to do';
    const place = { target: target.name, mode: 'in_place', databaseId: target.id } as const;
    return restore(context, backup.databaseId, backup.id, { target: { database_id: target.id } }, place);
  },
};

const cancel: Action = {
  name: 'cancel restore',
  weight: 2,
  routes: [['POST', '/api/databases/{db}/backup_restorations/{rid}/cancel']],
  run: async ({ api, records, random }) => {
    const newest = [...records.restores.values()].filter(({ acceptedAt }) => acceptedAt > Date.now() - 6000);
    const found = random.pick(newest);
    if (!found) return 'nothing to do';
    const path = `/api/databases/${found.databaseId}/backup_restorations/${found.id}/cancel`;
    const { status } = await api.ask('POST', path);
    if (status < 300) found.cancelAccepted = true;
    return status < 300 ? 'done' : `${status}`;
  },
};

export const restoreActions: readonly Action[] = [intoNew, inPlace, cancel];
