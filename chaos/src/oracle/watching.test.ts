import { expect } from 'chai';
import type { BackupRow } from './evidence.ts';
import type { Watched } from './watched.ts';
import { watching } from './watching.ts';

const at = (second: number): string => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();

const backup: BackupRow = {
  id: 'b1',
  database_id: 'd1',
  destination_id: 1,
  schedule_id: null,
  scheduled_for: null,
  method: 'manual',
  status: 'done',
  attempt: 1,
  error: null,
  size: 10,
  manifest_key: 'k/b1/a1/manifest.json',
  damaged_at: null,
  deletion_requested_at: null,
  deleted_at: null,
  created_at: at(1),
  completed_at: at(20),
};
const full = { code: 'store_full', message: 'The disk is full.' };

/** A message as the receiver hears it. */
function message(id: string, type: string, text: string, link: string | null) {
  const body = JSON.stringify({ type, timestamp: at(40), data: { title: text, events: [{ text, link }], more: 0 } });
  return { id, body, signed: true, taken: true };
}

/**
 * One database is protected; of another one the last backup failed, a restore of the first one did too, and an alert is over. One message
 * was sent twice.
 */
function innocent(): Watched {
  const done = message(
    'm1',
    'backup.done',
    'The backup is done.',
    'https://holdfast.example.com/databases/d1/backups/b1',
  );
  const shown = { newest_good: null, since: at(41) };
  return {
    backups: [
      { ...backup },
      { ...backup, id: 'b2', database_id: 'd2', created_at: at(2), completed_at: at(19), status: 'error', error: full },
      { ...backup, id: 'b3', created_at: at(3), status: 'error', error: { code: 'cancelled', message: '' } },
    ],
    madeAt: new Map([['b1', Date.parse(at(12))]]),
    restores: [
      { id: 'r1', backup_id: 'b1', database_id: 'd1', status: 'error', attempt: 3, error: full, completed_at: at(25) },
    ],
    schedules: [{ id: 's1', database_id: 'd1', enabled: true, cron: '0 3 * * *', timezone: 'UTC' }],
    databases: [
      { id: 'd1', name: 'shop', created_at: at(0), objectives: { rpoSeconds: 100 } },
      { id: 'd2', name: 'blog', created_at: at(0), objectives: null },
      { id: 'd3', name: 'empty', created_at: at(0), objectives: null },
    ],
    reconciliations: [{ destination_id: 1, error: null }],
    orphans: [],
    alerts: [
      { id: 'a1', kind: 'backup_failed', subject_id: 'd2', raised_at: at(21), cleared_at: null },
      { id: 'a2', kind: 'service_silent', subject_id: 'worker', raised_at: at(22), cleared_at: at(30) },
    ],
    messages: [
      { id: 'm1', status: 'done', sources: ['backup b1 done'] },
      { id: 'm2', status: 'done', sources: ['backup b2 error'] },
      { id: 'm3', status: 'done', sources: ['restore r1 error'] },
      { id: 'm4', status: 'done', sources: ['alert a1 raised'] },
      { id: 'm5', status: 'done', sources: ['alert a2 raised'] },
      { id: 'm6', status: 'done', sources: ['alert a2 cleared'] },
    ],
    channelMadeAt: Date.parse(at(0)),
    heard: [
      { ...done, taken: false },
      done,
      done,
      message('m2', 'backup.failed', 'It failed: The disk is full.', null),
      message('m3', 'restore.failed', 'It failed: The disk is full.', null),
      message('m4', 'alert.raised', 'It failed.', null),
      message('m5', 'alert.raised', 'No worker.', null),
      message('m6', 'alert.cleared', 'It is over. It was: No worker.', null),
    ],
    protection: {
      services: [{ service: 'worker', state: 'running' }],
      databases: [
        { ...shown, database: { id: 'd1', name: 'shop' }, state: 'protected', newest_good: { backup_id: 'b1' } },
        { ...shown, database: { id: 'd2', name: 'blog' }, state: 'unprotected' },
        { ...shown, database: { id: 'd3', name: 'empty' }, state: 'unknown' },
      ],
    },
    auditProblem: null,
    auditEntries: [{ action: 'backup.create', outcome: 'done', object_id: 'b1' }],
    auditIntents: ['backup.create'],
    accepted: { 'backup.create': ['b1', 'b2'], 'restore.create': [] },
    now: Date.parse(at(60)),
  };
}

const problemsOf = (watched: Watched): string[] =>
  Object.entries(watching).flatMap(([name, check]) => check(watched).map((what) => `${name}: ${what}`));

/** The element of a list at that place, which the innocent campaign has. */
function nth<T>(list: readonly T[], index: number): T {
  const one = list[index];
  if (one === undefined) throw new Error('The list is too short.');
  return one;
}

describe('the oracle of those who watch and tell', () => {
  it('finds nothing where everything went well', () => {
    expect(problemsOf(innocent())).to.deep.equal([]);
  });

  const crimes: readonly [name: string, found: string, commit: (watched: Watched) => Partial<Watched> | void][] = [
    [
      'a failure that nobody was told of',
      'told: nobody was told: backup b2 error',
      ({ heard }) => ({
        heard: heard.filter(({ id }) => id !== 'm2'),
      }),
    ],
    [
      'a failure that was told to a receiver that did not take it',
      'told: nobody was told',
      ({ heard }) => ({
        heard: heard.map((one) => (one.id === 'm3' ? { ...one, taken: false } : one)),
      }),
    ],
    [
      'a message that is done and was never taken',
      'told: the message m3 is done',
      ({ heard }) => ({
        heard: heard.map((one) => (one.id === 'm3' ? { ...one, taken: false } : one)),
      }),
    ],
    [
      'an end that was told under two ids',
      'told: told under 2 ids: backup b1 done',
      ({ heard, messages }) => ({
        heard: [...heard, { ...nth(heard, 1), id: 'm9' }],
        messages: [...messages, { ...nth(messages, 0), id: 'm9' }],
      }),
    ],
    [
      'a backup called done that failed',
      'told: the message m1 tells what is not so',
      ({ backups }) => void Object.assign(nth(backups, 0), { ...backup, status: 'error', error: full }),
    ],
    [
      'a cancelled backup that was told of',
      'told: the message m2 tells what is not so',
      ({ backups }) => void Object.assign(nth(backups, 1), { error: { code: 'cancelled', message: '' } }),
    ],
    [
      'a message that names another backup',
      'told: the message m1 tells something else',
      ({ heard }) => ({
        heard: heard.map((one) => ({ ...one, body: one.body.replace('/b1', '/b7') })),
      }),
    ],
    [
      'a message that gives another reason',
      'told: the message m2 tells something else',
      ({ heard }) => ({
        heard: heard.map((one) => ({ ...one, body: one.body.replaceAll('full', 'empty') })),
      }),
    ],
    [
      'a message that is not the same twice',
      'told: the message m1 says two things',
      ({ heard }) => ({
        heard: heard.map((one, index) => (index === 0 ? { ...one, body: one.body.replace('done.', 'over.') } : one)),
      }),
    ],
    [
      'a message that anybody could have sent',
      'told: the message m4 is not signed',
      ({ heard }) => ({
        heard: heard.map((one) => (one.id === 'm4' ? { ...one, signed: false } : one)),
      }),
    ],
    [
      'a message of nothing',
      'told: the message m9 is of no delivery',
      ({ heard }) => ({
        heard: [...heard, { ...nth(heard, 1), id: 'm9' }],
      }),
    ],
    [
      'a message that was given up',
      'told: the message m2 was given up',
      ({ messages }) => void (nth(messages, 1).status = 'error'),
    ],
    [
      'an alert whose end nobody was told of',
      'told: nobody was told: alert a2 cleared',
      ({ heard }) => ({
        heard: heard.filter(({ id }) => id !== 'm6'),
      }),
    ],
    [
      'protection by a backup that is too old',
      'protection: "shop" is called protected and is unprotected',
      () => ({
        now: Date.parse(at(120)),
      }),
    ],
    [
      'protection by a backup that is damaged',
      'protection: "shop" is called protected and is unprotected',
      ({ backups }) => void (nth(backups, 0).damaged_at = at(30)),
    ],
    [
      'protection although the last backup failed',
      'protection: "shop" is called protected and is at_risk',
      ({ backups }) => void (nth(backups, 2).error = full),
    ],
    [
      'protection that nobody plans to go on',
      'protection: "shop" is called protected and is at_risk',
      ({ schedules }) => void (nth(schedules, 0).enabled = false),
    ],
    [
      'another backup as the newest good one',
      'protection: the newest good backup of "shop"',
      ({ protection }) => void (nth(protection.databases, 0).newest_good = { backup_id: 'b0' }),
    ],
    [
      'a database that is not judged',
      'protection: "empty" is not judged',
      ({ protection }) => void protection.databases.pop(),
    ],
    [
      'a sentinel that found something else',
      'protection: the sentinel did not find',
      ({ protection }) => void (nth(protection.databases, 1).since = null),
    ],
    [
      'a service that runs and is called silent',
      'protection: the service worker runs',
      ({ protection }) => void (nth(protection.services, 0).state = 'silent'),
    ],
    [
      'an alert that is missing',
      'alerts: there is no alert backup_failed of d2',
      ({ alerts }) => void (nth(alerts, 0).cleared_at = at(50)),
    ],
    [
      'an alert that outlived its cause',
      'alerts: the alert service_silent of worker is open',
      ({ alerts }) => void (nth(alerts, 1).cleared_at = null),
    ],
    [
      'a loss of protection without an alert',
      'alerts: there is no alert protection_lost of d1',
      () => ({
        now: Date.parse(at(120)),
      }),
    ],
    [
      'a damaged backup without an alert',
      'alerts: there is no alert backup_damaged of b1',
      ({ backups }) => void (nth(backups, 0).damaged_at = at(30)),
    ],
    [
      'a failed comparison without an alert',
      'alerts: there is no alert reconciliation_failed of 1',
      ({ reconciliations }) => void (nth(reconciliations, 0).error = full),
    ],
    [
      'orphans without an alert',
      'alerts: there is no alert orphans_found of 1',
      ({ orphans }) => void orphans.push({ destination_id: 1 }),
    ],
    [
      'a risk without an alert where something is asked',
      'alerts: there is no alert protection_at_risk of d1',
      ({ schedules }) => void (nth(schedules, 0).enabled = false),
    ],
    ['a log that is not whole', 'audit: Entry 7 was changed', () => ({ auditProblem: 'Entry 7 was changed.' })],
    [
      'an accepted backup that is in no log',
      'audit: backup.create: 1 are not in the log (b2)',
      () => ({
        auditIntents: [],
      }),
    ],
  ];
  it('wants nothing told that happened before the channel was made', () => {
    const watched = innocent();
    watched.alerts.push({ ...nth(watched.alerts, 1), id: 'a0', raised_at: at(-20), cleared_at: at(-10) });
    expect(problemsOf(watched)).to.deep.equal([]);
  });

  for (const [name, found, commit] of crimes) {
    it(`finds ${name}`, () => {
      const watched = innocent();
      const problems = problemsOf({ ...watched, ...commit(watched) });
      expect(
        problems.some((problem) => problem.startsWith(found)),
        problems.join('\n'),
      ).to.equal(true);
    });
  }
});
