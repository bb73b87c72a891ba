import { expect } from 'chai';
import type { Evidence } from './evidence.ts';
import { judge } from './judge.ts';
import type { Watched } from './watched.ts';

const at = (second: number): string => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();
const ms = (second: number): number => Date.parse(at(second));
const lines = ['accounts: 100 7', 'blobs: 64 9'];
const held = (version: number, changed: string[] = lines) => ({ version: { source: 'shop', version }, lines: changed });

/** What `watching.test.ts` looks at. */
const nothingWatched: Watched = {
  backups: [],
  madeAt: new Map(),
  restores: [],
  schedules: [],
  databases: [],
  reconciliations: [],
  orphans: [],
  alerts: [],
  messages: [],
  channelMadeAt: 0,
  heard: [],
  protection: { services: [], databases: [] },
  auditProblem: null,
  auditEntries: [],
  auditIntents: [],
  accepted: {},
  now: ms(600),
};

/** A campaign in which everything went well: one backup of a client, one of a schedule, two restores. */
function innocent(): Evidence {
  const backup = {
    id: 'b1',
    database_id: 'd1',
    destination_id: 1,
    schedule_id: null,
    scheduled_for: null,
    method: 'manual',
    status: 'done',
    attempt: 2,
    error: null,
    size: 10,
    manifest_key: 'k/b1/a2/manifest.json',
    damaged_at: null,
    deletion_requested_at: null,
    deleted_at: null,
    created_at: at(1),
    completed_at: at(20),
  } as const;
  const periodic = {
    ...backup,
    id: 'b2',
    schedule_id: 's1',
    scheduled_for: at(10),
    method: 'periodic',
    attempt: 1,
    manifest_key: 'k/b2/a1/manifest.json',
  };
  const attempt = { started_at: at(12), ended_at: at(20), prefix: 'k/', settled: true, swept_at: null };
  const restore = { backup_id: 'b1', database_id: 'd1', status: 'done', attempt: 1, error: null } as const;
  return {
    records: {
      backups: new Map([
        [
          'b1',
          {
            id: 'b1',
            databaseId: 'd1',
            source: 'shop',
            acceptedAt: ms(1),
            cancelAccepted: false,
            lock: 'locked',
            deletion: null,
          },
        ],
      ]),
      restores: new Map([
        [
          'r1',
          {
            id: 'r1',
            backupId: 'b1',
            databaseId: 'd1',
            target: 'copy',
            mode: 'new_database',
            cancelAccepted: false,
            acceptedAt: ms(30),
          },
        ],
        [
          'r2',
          {
            id: 'r2',
            backupId: 'b1',
            databaseId: 'd2',
            target: 'target',
            mode: 'in_place',
            cancelAccepted: false,
            acceptedAt: ms(30),
          },
        ],
      ]),
      schedules: new Map([
        [
          's1',
          {
            id: 's1',
            databaseId: 'd1',
            cron: '*/10 * * * * *',
            createdAt: ms(5),
            disabledAt: ms(25),
            unchanged: true,
            deleted: false,
          },
        ],
      ]),
      unanswered: [],
    },
    contents: new Map([
      [
        'shop',
        new Map([
          [3, { lines: ['accounts: 100 6', 'blobs: 64 9'], from: 0, until: ms(8) }],
          [4, { lines, from: ms(8), until: null }],
        ]),
      ],
      ['target', new Map([[0, { lines: ['accounts: 1 1'], from: 0, until: null }]])],
    ]),
    sources: new Map([['d1', 'shop']]),
    backups: [backup, periodic],
    attempts: [
      {
        ...attempt,
        backup_id: 'b1',
        attempt: 1,
        settled: false,
        swept_at: at(13),
        ended_at: at(11),
        started_at: at(5),
      },
      { ...attempt, backup_id: 'b1', attempt: 2 },
      { ...attempt, backup_id: 'b2', attempt: 1 },
    ],
    files: [
      { backup_id: 'b1', key: 'k/b1/a2/dump', size: 10, checksum: 'sha256:1' },
      { backup_id: 'b2', key: 'k/b2/a1/dump', size: 10, checksum: 'sha256:1' },
    ],
    restores: [
      { ...restore, id: 'r1', completed_at: at(40) },
      { ...restore, id: 'r2', completed_at: at(41) },
    ],
    schedules: [{ id: 's1', database_id: 'd1', enabled: false, cron: '*/10 * * * * *', timezone: 'UTC' }],
    slots: [
      { schedule_id: 's1', scheduled_for: at(10), status: 'done', covers: 1, backup_id: 'b2' },
      { schedule_id: 's1', scheduled_for: at(20), status: 'skipped', covers: 1, backup_id: null },
    ],
    objects: ['k/b1/a2/dump', 'k/b1/a2/manifest.json', 'k/b2/a1/dump', 'k/b2/a1/manifest.json'].map((key) => ({
      destinationId: 1,
      key,
    })),
    uploads: [],
    read: [
      { id: 'b1', holding: held(4), problem: null },
      { id: 'b2', holding: held(4), problem: null },
    ],
    targets: new Map([
      ['copy', held(4)],
      ['target', held(4)],
    ]),
    databases: ['shop', 'copy', 'target'],
    now: ms(600),
    watched: { ...nothingWatched },
  };
}

/** The first element of a list that the innocent campaign has. */
function first<T>([one]: readonly T[]): T {
  if (one === undefined) throw new Error('The list is empty.');
  return one;
}

describe('the oracle', () => {
  it('finds nothing where everything went well', () => {
    expect(judge(innocent())).to.deep.equal([]);
  });

  const crimes: readonly [name: string, check: string, commit: (evidence: Evidence) => void][] = [
    ['an accepted backup that never ended', 'final', ({ backups }) => (first(backups).status = 'pending')],
    ['an accepted backup that disappeared', 'final', ({ backups }) => backups.splice(0, 1)],
    ['an accepted restore that never ended', 'final', ({ restores }) => (first(restores).status = 'scheduled')],
    [
      'a cancelled backup that ended as something else',
      'final',
      ({ records, backups }) => {
        const record = records.backups.get('b1');
        if (record) record.cancelAccepted = true;
        Object.assign(first(backups), { status: 'error', error: { code: 'timed_out', message: '' } });
      },
    ],
    ['a backup that was made twice', 'once', ({ records }) => records.backups.delete('b1')],
    ['two settled attempts', 'attempts', ({ attempts }) => attempts.forEach((one) => (one.settled = true))],
    [
      'a done backup without a settled attempt',
      'attempts',
      ({ attempts }) => (attempts[1] = { ...first(attempts), attempt: 2 }),
    ],
    ['an attempt that was not swept', 'attempts', ({ attempts }) => (first(attempts).swept_at = null)],
    [
      'a restore that blames a whole backup',
      'blame',
      ({ restores }) => (first(restores).error = { code: 'integrity', message: 'damaged' }),
    ],
    ['a whole backup that is flagged as damaged', 'blame', ({ backups }) => (first(backups).damaged_at = at(21))],
    ['an orphan', 'objects', ({ objects }) => objects.push({ destinationId: 1, key: 'k/b1/a1/dump' })],
    ['an object that is missing', 'objects', ({ objects }) => objects.pop()],
    ['an open upload', 'objects', ({ uploads }) => uploads.push({ destinationId: 1, key: 'k/b1/a1/dump' })],
    [
      'a backup that cannot be read',
      'content',
      ({ read }) => Object.assign(first(read), { holding: null, problem: 'zstd exited with 1' }),
    ],
    [
      'a backup whose fingerprint differs',
      'content',
      ({ read }) => (first(read).holding = held(4, ['accounts: 99 5', 'blobs: 64 9'])),
    ],
    ['a backup that lacks a table', 'content', ({ read }) => (first(read).holding = held(4, lines.slice(1)))],
    [
      'a backup of a time before its attempt',
      'content',
      ({ read }) => (first(read).holding = held(3, ['accounts: 100 6', 'blobs: 64 9'])),
    ],
    [
      'a restore that is done and left something else',
      'restores',
      ({ targets }) => (targets as Map<string, unknown>).set('copy', held(4, ['accounts: 1 1'])),
    ],
    [
      'a restore that is done and left nothing',
      'restores',
      ({ targets }) => (targets as Map<string, unknown>).set('copy', null),
    ],
    [
      'a failed restore that left a half',
      'restores',
      ({ targets, restores }) => {
        for (const one of restores) one.status = 'error';
        (targets as Map<string, unknown>).set('target', held(4, lines.slice(1)));
      },
    ],
    ['a slot that did not end', 'slots', ({ slots }) => (first(slots).status = 'running')],
    ['a tick without a slot', 'slots', ({ slots }) => slots.pop()],
    ['a slot without its backup', 'slots', ({ slots }) => (first(slots).backup_id = 'b9')],
    [
      'a backup of a schedule without a slot',
      'slots',
      ({ slots }) => Object.assign(first(slots), { backup_id: null, status: 'missed' }),
    ],
    [
      'a locked backup that was deleted',
      'deletions',
      ({ backups }) => Object.assign(first(backups), { deletion_requested_at: at(50), deleted_at: at(60) }),
    ],
    [
      'a deletion that does not end',
      'deletions',
      ({ backups }) => Object.assign(backups[1] ?? {}, { deletion_requested_at: at(50) }),
    ],
    [
      'retention that took the last good one',
      'retention',
      ({ backups }) => Object.assign(backups[1] ?? {}, { deletion_requested_at: at(50), deleted_at: at(60) }),
    ],
    ['a log of changes that is not whole', 'audit', ({ watched }) => (watched.auditProblem = 'Entry 7 was changed.')],
    ['a database that a restore left', 'scratch', ({ databases }) => databases.push('shop_hf_old_0123456789ab')],
  ];
  for (const [name, check, commit] of crimes) {
    it(`finds ${name}`, () => {
      const evidence = innocent();
      commit(evidence);
      expect(judge(evidence).map((violation) => violation.check)).to.include(check);
    });
  }

  it('lets a failed restore have left the old content, or the whole new one', () => {
    const evidence = innocent();
    for (const one of evidence.restores) one.status = 'error';
    expect(judge(evidence)).to.deep.equal([]);
    const untouched = { version: { source: 'target', version: 0 }, lines: ['accounts: 1 1'] };
    const targets = new Map([...evidence.targets, ['target', untouched] as const, ['copy', null] as const]);
    expect(judge({ ...evidence, targets })).to.deep.equal([]);
  });
});
