import { expect } from 'chai';
import { HoldfastError } from './errors.ts';
import { planRetention, type RetainableBackup, type RetentionDecision } from './retention.ts';
import { retentionProblem } from './retention-policy.ts';
import type { RetentionPolicy } from './schedule.ts';

const day = 24 * 3_600_000;
const noon = Date.parse('2026-11-20T12:00:00Z');
const now = new Date('2030-01-01T00:00:00Z');

let ids = 0;
const backup = (at: string | number, change: Partial<RetainableBackup> = {}): RetainableBackup => ({
  id: `b${String((ids += 1)).padStart(6, '0')}`,
  at: new Date(at),
  status: 'done',
  damaged: false,
  verified: false,
  wanting: false,
  locked: false,
  objectLockedUntil: null,
  inUse: false,
  marked: false,
  ...change,
});
/** One at noon of each of the last days, newest first. */
const daily = (count: number): RetainableBackup[] =>
  Array.from({ length: count }, (_, index) => backup(noon - index * day));

const plan = (
  policy: RetentionPolicy,
  backups: RetainableBackup[],
  { timezone = 'UTC', verification = false, at = now } = {},
): RetentionDecision[] => planRetention({ policy, timezone, verification }, backups, at);
const timesOf = (decisions: RetentionDecision[], action: 'keep' | 'delete', backups: RetainableBackup[]): string[] =>
  decisions
    .filter((decision) => decision.action === action)
    .map(({ id }) => backups.find((one) => one.id === id)?.at.toISOString() ?? '');
const kept = (policy: RetentionPolicy, backups: RetainableBackup[], terms = {}): string[] =>
  timesOf(plan(policy, backups, terms), 'keep', backups);
const reasonsFor = (decisions: RetentionDecision[], { id }: RetainableBackup): string[] =>
  decisions.find((decision) => decision.id === id)?.reasons.map(({ code }) => code) ?? [];

describe('a retention policy', () => {
  it('is refused in a sentence where it is none', () => {
    const wrong: [string, object][] = [
      ['keepLast', { keepLast: 0 }],
      ['keepDays', { keepDays: -1 }],
      ['hourly', { hourly: 1.5 }],
      ['daily', { daily: Number.NaN }],
      ['weekly', { weekly: 100_001 }],
      ['monthly', { monthly: '3' }],
      ['yearly', { yearly: null }],
      ['minimum', { keepLast: 3, minimum: 0 }],
      ['keepForever', { keepLast: 3, keepForever: 3 }],
    ];
    for (const [field, policy] of wrong) {
      expect(retentionProblem(policy), field).to.match(new RegExp(`\\b${field}\\b.*\\.$`));
      expect(() => plan(policy, daily(3)), field).to.throw(HoldfastError, field);
    }
    expect(retentionProblem({ keepLast: 1, yearly: 100_000, minimum: 2, daily: undefined })).to.equal(null);
  });
});

describe('a plan of retention', () => {
  it('keeps everything where there is no rule, whatever else the policy says', () => {
    for (const policy of [{}, { minimum: 2 }, { keepLast: undefined }]) {
      const decisions = plan(policy, [...daily(5), backup(0, { status: 'error' }), backup(0, { damaged: true })]);
      expect(decisions.map(({ action }) => action)).to.not.include('delete');
      expect(decisions.every(({ reasons }) => reasons.some(({ code }) => code === 'no_rule'))).to.equal(true);
    }
  });

  it('keeps what any rule keeps and names every one that does', () => {
    const backups = daily(6);
    const decisions = plan({ keepLast: 2, keepDays: 1, daily: 3 }, backups);
    expect(decisions.map(({ reasons }) => reasons.map(({ code }) => code))).to.deep.equal([
      ['minimum', 'keep_last', 'keep_days', 'daily', 'newest_good'],
      ['keep_last', 'keep_days', 'daily'],
      ['daily'],
      ['superseded'],
      ['superseded'],
      ['superseded'],
    ]);
    expect(decisions[3]?.reasons[0]?.message).to.equal(
      'No rule keeps it: the last 2, 1 days back, one of each of 3 days.',
    );
  });

  it('counts ages and windows from the newest good backup, so that a dead source keeps its archive', () => {
    const backups = [...daily(4), backup(noon + 300 * day, { status: 'error' })];
    for (const at of [new Date(noon + 300 * day), new Date(noon + 3000 * day)]) {
      expect(kept({ keepDays: 2, hourly: 1 }, backups, { at })).to.have.length(4);
    }
  });

  it('never counts failed, damaged, running or deleted ones for a rule', () => {
    const good = daily(4);
    const later = noon + day;
    const others = [
      backup(later, { status: 'error' }),
      backup(later, { status: 'pending' }),
      backup(later, { status: 'scheduled' }),
      backup(later, { damaged: true }),
      backup(later, { marked: true }),
    ];
    const decisions = plan({ keepLast: 2, daily: 2 }, [...good, ...others]);
    const goodKept = good.filter(({ id }) => decisions.some((one) => one.id === id && one.action === 'keep'));
    expect(goodKept).to.deep.equal(good.slice(0, 2));
    for (const other of others) expect(reasonsFor(decisions, other)).to.not.include('keep_last');
  });

  it('never lets go what runs, is locked, is in use or is on its way out already', () => {
    const old = noon - 100 * day;
    const untouchable = [
      backup(old, { status: 'scheduled' }),
      backup(old, { status: 'pending' }),
      backup(old, { locked: true }),
      backup(old, { objectLockedUntil: new Date(now.getTime() + 1) }),
      backup(old, { inUse: true }),
      backup(old, { damaged: true, locked: true }),
      backup(old, { status: 'error', locked: true }),
      backup(old, { marked: true }),
    ];
    const decisions = plan({ keepLast: 1 }, [...daily(3), ...untouchable]);
    expect(untouchable.map((one) => reasonsFor(decisions, one))).to.deep.equal([
      ['running'],
      ['running'],
      ['locked'],
      ['object_lock'],
      ['in_use'],
      ['locked'],
      ['locked'],
      ['deletion_requested'],
    ]);
  });

  it('keeps the floor of good ones, and the newest good one when all newer ones are damaged', () => {
    expect(kept({ hourly: 1, minimum: 3 }, daily(5))).to.have.length(3);
    const [newest, second, ...others] = daily(4);
    if (!newest || !second) throw new Error('There are four.');
    const decisions = plan({ keepLast: 1 }, [{ ...newest, damaged: true }, second, ...others]);
    expect(reasonsFor(decisions, second)).to.include('newest_good');
    expect(reasonsFor(decisions, newest), 'not replaced').to.deep.equal(['unreplaced']);
  });

  it('lets a damaged one go only when newer good ones satisfy the floor', () => {
    const [newest, second, ...others] = daily(4);
    if (!newest || !second) throw new Error('There are four.');
    const damaged = { ...second, damaged: true };
    const backups = [newest, damaged, ...others];
    expect(reasonsFor(plan({ keepLast: 3 }, backups), damaged)).to.deep.equal(['damaged']);
    expect(reasonsFor(plan({ keepLast: 3, minimum: 2 }, backups), damaged)).to.deep.equal(['unreplaced']);
  });

  it('counts only verified ones where verification is on, and keeps newer ones that may still be', () => {
    const [newest, second, third, ...others] = daily(5);
    if (!newest || !second || !third) throw new Error('There are five.');
    const verified = { ...second, verified: true };
    const backups = [newest, verified, third, ...others];
    const decisions = plan({ keepLast: 2 }, backups, { verification: true });
    expect(backups.map((one) => reasonsFor(decisions, one)[0])).to.deep.equal([
      'unreplaced',
      'minimum',
      'unverified',
      'unverified',
      'unverified',
    ]);
    expect(kept({ keepLast: 1 }, daily(3), { verification: true }), 'none is verified').to.have.length(3);
  });

  it('does not count those that a verification found wanting, and lets them go where good ones replace them', () => {
    const [newest, second, third, ...others] = daily(5);
    if (!newest || !second || !third) throw new Error('There are five.');
    const [wanting, older] = [
      { ...newest, wanting: true },
      { ...third, wanting: true },
    ];
    const decisions = plan({ keepLast: 2 }, [wanting, second, older, ...others]);
    expect(reasonsFor(decisions, wanting)).to.deep.equal(['unreplaced']);
    expect(reasonsFor(decisions, second)).to.include('newest_good');
    expect(reasonsFor(decisions, older)).to.deep.equal(['unverified']);
    expect(kept({ keepLast: 1 }, [wanting, { ...second, wanting: true }]), 'none is good').to.have.length(2);
  });

  it('keeps the newest verified one also where verification is not asked for', () => {
    const [newest, second, third] = daily(3);
    if (!newest || !second || !third) throw new Error('There are three.');
    const decisions = plan({ keepLast: 1 }, [newest, second, { ...third, verified: true }]);
    expect(reasonsFor(decisions, third)).to.deep.equal(['newest_verified']);
    expect(reasonsFor(decisions, second)).to.deep.equal(['superseded']);
  });

  it('keeps the record of a failure for thirty days, counted from the newest backup that ended', () => {
    const failures = [0.5, 30, 31].map((days) => backup(noon - days * day, { status: 'error' }));
    const decisions = plan({ keepLast: 2 }, [...daily(4), ...failures]);
    expect(failures.map((one) => reasonsFor(decisions, one))).to.deep.equal([
      ['recent_failure'],
      ['recent_failure'],
      ['failed'],
    ]);
    const dead = plan({ keepLast: 2 }, failures, { at: new Date(noon + 900 * day) });
    expect(dead.map(({ action }) => action)).to.deep.equal(['keep', 'keep', 'delete']);
  });

  it('deletes nothing while the newest good one is of a time yet to come', () => {
    const decisions = plan({ keepLast: 1 }, daily(4), { at: new Date(noon - 1) });
    expect(decisions.map(({ action }) => action)).to.not.include('delete');
    expect(kept({ keepLast: 1 }, daily(4), { at: new Date(noon) })).to.have.length(1);
  });

  it('says when a backup goes that its age alone keeps, and nothing where something else does', () => {
    const backups = daily(4);
    const expiries = plan({ keepDays: 10, keepLast: 2 }, backups).map(({ expiresAt }) => expiresAt?.toISOString());
    expect(expiries).to.deep.equal([undefined, undefined, '2026-11-28T12:00:00.000Z', '2026-11-27T12:00:00.000Z']);
  });
});

describe('the calendar of retention', () => {
  const hours = (from: string, count: number): RetainableBackup[] =>
    Array.from({ length: count }, (_, index) => backup(Date.parse(from) + index * 3_600_000));

  it('lets go what the store has unlocked, and says when that will be of what the lock alone keeps', () => {
    const until = new Date(now.getTime() + day);
    const [newest, locked, unlocked, byAge] = [
      backup(noon),
      backup(noon - 50 * day, { objectLockedUntil: until }),
      backup(noon - 50 * day, { objectLockedUntil: now }),
      backup(noon - 5 * day, { objectLockedUntil: until }),
    ];
    const decisions = plan({ keepDays: 10 }, [newest, locked, unlocked, byAge]);
    const of = ({ id }: RetainableBackup) => decisions.find((decision) => decision.id === id);
    expect(of(locked)).to.deep.include({ action: 'keep', expiresAt: until });
    expect(of(locked)?.reasons[0]?.message).to.equal(
      `The store keeps its objects locked until ${until.toISOString()}.`,
    );
    expect(of(unlocked)).to.deep.include({ action: 'delete' });
    expect(of(byAge)).to.deep.include({ action: 'keep', expiresAt: until });
    expect(reasonsFor(decisions, byAge)).to.deep.equal(['object_lock', 'keep_days']);
  });

  it('takes the hour that comes twice when clocks go back as two hours', () => {
    const backups = hours('2026-10-24T23:10:00Z', 4);
    expect(kept({ hourly: 4 }, backups, { timezone: 'Europe/Berlin' })).to.have.length(4);
    const lordHowe = hours('2026-04-04T13:10:00Z', 3).flatMap((one) => [one, backup(one.at.getTime() + 1_800_000)]);
    // 00:00 at +11, 01:00 at +11, 01:00 again at +10:30 (its second half alone), then 02:00.
    expect(kept({ hourly: 10 }, lordHowe, { timezone: 'Australia/Lord_Howe' })).to.deep.equal([
      '2026-04-04T15:40:00.000Z',
      '2026-04-04T15:10:00.000Z',
      '2026-04-04T14:40:00.000Z',
      '2026-04-04T13:40:00.000Z',
    ]);
  });

  it('takes the days on which clocks change as one day each, of 25 and of 23 hours', () => {
    const autumn = hours('2026-10-24T20:30:00Z', 30);
    expect(kept({ daily: 3 }, autumn, { timezone: 'Europe/Berlin' })).to.deep.equal([
      '2026-10-26T01:30:00.000Z',
      '2026-10-25T22:30:00.000Z',
      '2026-10-24T21:30:00.000Z',
    ]);
    const spring = hours('2026-03-28T21:30:00Z', 30);
    expect(kept({ daily: 3 }, spring, { timezone: 'Europe/Berlin' })).to.deep.equal([
      '2026-03-30T02:30:00.000Z',
      '2026-03-29T21:30:00.000Z',
      '2026-03-28T22:30:00.000Z',
    ]);
  });

  it("counts days in the schedule's zone and not in UTC", () => {
    const backups = hours('2026-06-01T00:30:00Z', 24);
    expect(kept({ daily: 5 }, backups)).to.have.length(1);
    expect(kept({ daily: 5 }, backups, { timezone: 'America/New_York' })).to.have.length(2);
    expect(() => plan({ daily: 5 }, backups, { timezone: 'Mars/Olympus' })).to.throw(RangeError);
  });

  it('begins weeks on Monday, also over the end of a year', () => {
    // 2026-12-28 is the Monday of week 53, which 2027-01-03 ends.
    const backups = ['2026-12-27', '2026-12-28', '2027-01-03', '2027-01-04'].map((date) => backup(`${date}T12:00:00Z`));
    expect(kept({ weekly: 3 }, backups)).to.deep.equal(
      ['2027-01-04', '2027-01-03', '2026-12-27'].map((date) => `${date}T12:00:00.000Z`),
    );
    const [newest] = plan({ weekly: 3 }, backups);
    expect(newest?.reasons[1]?.message).to.equal('The newest good backup of the week of 2027-01-04 (UTC), 1 of 3.');
  });

  it('counts only periods that have a good backup', () => {
    const backups = ['2020-02-29', '2023-05-01', '2026-05-01'].map((date) => backup(`${date}T12:00:00Z`));
    for (const policy of [{ daily: 3 }, { monthly: 3 }, { yearly: 3 }]) expect(kept(policy, backups)).to.have.length(3);
    expect(kept({ yearly: 2 }, backups)).to.have.length(2);
  });
});
