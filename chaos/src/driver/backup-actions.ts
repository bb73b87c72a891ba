import type { Action, Outcome } from './actions.ts';
import type { DriverOptions } from './driver.ts';
import type { AcceptedBackup } from './records.ts';

interface Seen {
  id: string;
  status: string;
  method: string;
}

/** The backups of a random source, as the API shows them. */
export async function seenBackups({ api, sources, random }: DriverOptions): Promise<Seen[]> {
  const source = random.pick(sources);
  if (!source) return [];
  const { status, body } = await api.ask('GET', `/api/databases/${source.id}/backups`);
  return status === 200 ? (body as { database_backups: Seen[] }).database_backups : [];
}

const outcomeOf = (status: number, wanted: number): Outcome => (status === wanted ? 'done' : `${status}`);

const backup: Action = {
  name: 'backup',
  weight: 30,
  routes: [['POST', '/api/databases/{db}/backups']],
  run: async ({ api, records, sources, random }) => {
    const source = random.pick(sources);
    if (!source) return 'nothing to do';
    const { status, body } = await api.ask('POST', `/api/databases/${source.id}/backups`, {});
    if (status !== 201) return `${status}`;
    const { id } = (body as { database_backup: { id: string } }).database_backup;
    const fresh = { cancelAccepted: false, lock: 'free', deletion: null } as const;
    records.backups.set(id, { id, databaseId: source.id, source: source.name, acceptedAt: Date.now(), ...fresh });
    return 'done';
  },
};

/** Of those that the driver asked for itself, a random one of the newest. */
function recent({ records, random }: DriverOptions, matching: (one: AcceptedBackup) => boolean): AcceptedBackup | null {
  return random.pick([...records.backups.values()].filter(matching).slice(-12)) ?? null;
}

const cancel: Action = {
  name: 'cancel backup',
  weight: 4,
  routes: [['POST', '/api/databases/{db}/backups/{id}/cancel']],
  run: async (context) => {
    const found = recent(context, (one) => one.acceptedAt > Date.now() - 8000);
    if (!found) return 'nothing to do';
    const { status } = await context.api.ask('POST', `/api/databases/${found.databaseId}/backups/${found.id}/cancel`);
    if (status < 300) found.cancelAccepted = true;
    return status < 300 ? 'done' : `${status}`;
  },
};

/** Locks and unlocks only what it asked for itself, so that it knows what must be there in the end. */
const lock = (locked: boolean): Action => ({
  name: locked ? 'lock' : 'unlock',
  weight: locked ? 3 : 1,
  routes: [['PATCH', '/v1/backups/{id}']],
  run: async (context) => {
    const from = locked ? 'free' : 'locked';
    const found = recent(context, (one) => one.lock === from && one.deletion === null);
    if (!found) return 'nothing to do';
    found.lock = 'unknown';
    const { status } = await context.api.ask('PATCH', `/v1/backups/${found.id}`, { locked });
    if (status === 200) found.lock = locked ? 'locked' : 'free';
    return outcomeOf(status, 200);
  },
});

const remove: Action = {
  name: 'delete backup',
  weight: 4,
  routes: [
    ['DELETE', '/v1/backups/{id}'],
    ['DELETE', '/api/databases/{db}/backups/{id}'],
  ],
  run: async (context) => {
    const found = recent(context, (one) => one.deletion === null && one.acceptedAt < Date.now() - 5000);
    if (!found) return 'nothing to do';
    found.deletion = 'unknown';
    const inFull = `/api/databases/${found.databaseId}/backups/${found.id}`;
    const path = context.random.pick([`/v1/backups/${found.id}`, inFull, `${inFull}?grace_seconds=1&force=true`]);
    const { status } = await context.api.ask('DELETE', path ?? inFull);
    if (status === 204) found.deletion = 'asked';
    if (status === 409) found.deletion = null;
    return outcomeOf(status, 204);
  },
};

const undelete: Action = {
  name: 'undelete backup',
  weight: 2,
  routes: [['POST', '/api/databases/{db}/backups/{id}/undelete']],
  run: async (context) => {
    const found = recent(context, (one) => one.deletion === 'asked');
    if (!found) return 'nothing to do';
    found.deletion = 'unknown';
    const path = `/api/databases/${found.databaseId}/backups/${found.id}/undelete`;
    const { status } = await context.api.ask('POST', path);
    found.deletion = status < 300 ? null : 'asked';
    return status < 300 ? 'done' : `${status}`;
  },
};

const link: Action = {
  name: 'download link',
  weight: 2,
  routes: [['GET', '/api/databases/{db}/backups/{id}/archive']],
  run: async (context) => {
    const done = (await seenBackups(context)).filter(({ status }) => status === 'done');
    const found = context.random.pick(done);
    if (!found) return 'nothing to do';
    const source = context.sources.find(({ id }) => id === context.records.backups.get(found.id)?.databaseId);
    if (!source) return 'nothing to do';
    const { status } = await context.api.ask('GET', `/api/databases/${source.id}/backups/${found.id}/archive`);
    return outcomeOf(status, 200);
  },
};

const reconcile: Action = {
  name: 'reconcile',
  weight: 1,
  routes: [['POST', '/api/backup-destinations/{id}/reconcile']],
  run: async ({ api, random }) => {
    const { body } = await api.ask('GET', '/api/backup-destinations');
    const found = random.pick((body as { data: { id: number }[] }).data);
    if (!found) return 'nothing to do';
    const { status } = await api.ask('POST', `/api/backup-destinations/${found.id}/reconcile`);
    return status < 300 ? 'done' : `${status}`;
  },
};

const look = (name: string, path: string): Action => ({
  name,
  weight: 1,
  routes: [['GET', path]],
  run: async ({ api, sources, random }) => {
    const { status } = await api.ask('GET', path.replace('{db}', random.pick(sources)?.id ?? ''));
    return outcomeOf(status, 200);
  },
});

export const backupActions: readonly Action[] = [
  backup,
  cancel,
  lock(true),
  lock(false),
  remove,
  undelete,
  link,
  reconcile,
  look('list deleted backups', '/api/databases/{db}/deleted_backups'),
  look('list alerts', '/api/alerts'),
  look('see protection', '/api/protection'),
  look('list messages', '/api/notification-deliveries'),
];
