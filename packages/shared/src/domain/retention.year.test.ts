import { expect } from 'chai';
import { planRetention, type RetainableBackup } from './retention.ts';
import { nextTick, type RetentionPolicy } from './schedule.ts';

const hour = 3_600_000;
const day = 24 * hour;
const timezone = 'Europe/Berlin';
const begin = new Date('2027-05-31T22:00:00Z');
const end = new Date('2028-05-31T22:00:00Z');
const grace = day;

/** The source is down in the first and the third, and no scheduler runs in the second. */
const outages = [
  { from: '2027-09-28T10:00:00Z', to: '2027-10-01T09:00:00Z', silent: false },
  { from: '2027-12-24T12:00:00Z', to: '2027-12-29T08:00:00Z', silent: true },
  { from: '2028-04-25T00:00:00Z', to: '2028-05-04T00:00:00Z', silent: false },
].map(({ from, to, silent }) => ({ from: new Date(from), to: new Date(to), silent }));

/** A small generator, so that the year is the same one each time. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** What the calendar on the wall says, as text and by other means than the plan's: years first, so that texts sort. */
type Label = (at: Date) => string;
const wall = new Intl.DateTimeFormat('sv-SE', { timeZone: timezone, dateStyle: 'short', timeStyle: 'medium' });
const zoneName = new Intl.DateTimeFormat('en', { timeZone: timezone, timeZoneName: 'shortOffset' });
const labels: Record<'hourly' | 'daily' | 'weekly' | 'monthly' | 'yearly', Label> = {
  hourly: (at) => `${wall.format(at).slice(0, 13)} ${zoneName.format(at).split(' ').at(-1)}`,
  daily: (at) => wall.format(at).slice(0, 10),
  weekly: (at) => isoWeek(wall.format(at).slice(0, 10)),
  monthly: (at) => wall.format(at).slice(0, 7),
  yearly: (at) => wall.format(at).slice(0, 4),
};

/** `2027-W01`: the week belongs to the year that its Thursday lies in. */
function isoWeek(date: string): string {
  const thursday = new Date(`${date}T00:00:00Z`);
  thursday.setUTCDate(thursday.getUTCDate() + 4 - (thursday.getUTCDay() || 7));
  const year = thursday.getUTCFullYear();
  const week = Math.ceil(((thursday.getTime() - Date.UTC(year, 0, 1)) / day + 1) / 7);
  return `${year}-W${String(week).padStart(2, '0')}`;
}

const labelsOf = new Map<string, Record<string, string>>();
function labelOf({ id, at }: RetainableBackup, period: keyof typeof labels): string {
  let known = labelsOf.get(id);
  if (!known) labelsOf.set(id, (known = {}));
  return (known[period] ??= labels[period](at));
}

/** The reference: by each rule in turn, oldest first, later ones taking the place of earlier ones. @returns ids */
function reference(policy: RetentionPolicy, oldestFirst: readonly RetainableBackup[]): Set<string> {
  const good = oldestFirst.filter(({ status }) => status === 'done');
  const byRules = new Set<string>(good.slice(-(policy.keepLast ?? 1)).map(({ id }) => id));
  for (const { id } of good.slice(-(policy.minimum ?? 1))) byRules.add(id);
  const newest = good.at(-1);
  for (const { id, at } of good) {
    const isYoung = newest && newest.at.getTime() - at.getTime() <= (policy.keepDays ?? -1) * day;
    if (isYoung) byRules.add(id);
  }
  for (const period of ['hourly', 'daily', 'weekly', 'monthly', 'yearly'] as const) {
    const newestOf = new Map<string, string>();
    for (const backup of good) {
      newestOf.delete(labelOf(backup, period));
      newestOf.set(labelOf(backup, period), backup.id);
    }
    const count = policy[period] ?? 0;
    if (count > 0) for (const id of [...newestOf.values()].slice(-count)) byRules.add(id);
  }
  const newestEnd = oldestFirst.at(-1)?.at.getTime() ?? 0;
  const others = oldestFirst.filter(
    ({ status, at, locked, inUse }) => locked || inUse || (status === 'error' && newestEnd - at.getTime() <= 30 * day),
  );
  return new Set([...byRules, ...others.map(({ id }) => id)]);
}

interface Year {
  /** What is left at the end and not on its way out, oldest first. */
  left: RetainableBackup[];
  made: number;
  failed: number;
  deleted: number;
}

/**
 * A year of one schedule: every run makes a good or a failed backup, then retention is applied and what was marked a day ago
 * is removed. Checks every step.
 */
function live(cron: string, policy: RetentionPolicy, seed: number): Year {
  const random = randomFrom(seed);
  const ever: RetainableBackup[] = [];
  let present: RetainableBackup[] = [];
  const dueAt = new Map<string, Date>();
  const year = { made: 0, failed: 0, deleted: 0 };
  for (let tick = nextTick({ cron, timezone }, begin); tick && tick < end; tick = nextTick({ cron, timezone }, tick)) {
    const at = new Date(tick.getTime() + Math.floor(random() * 60_000));
    const outage = outages.find(({ from, to }) => from <= at && at < to);
    const fails = random() < 0.05;
    if (outage?.silent) continue;
    const isFailed = fails || outage !== undefined;
    year.made += 1;
    if (isFailed) year.failed += 1;
    const made: RetainableBackup = {
      id: `${cron} ${String(year.made).padStart(6, '0')}`,
      at,
      status: isFailed ? 'error' : 'done',
      damaged: false,
      verified: false,
      wanting: false,
      // One in so many is locked for ever.
      locked: year.made % 1500 === 100,
      objectLockedUntil: null,
      inUse: false,
      marked: false,
    };
    ever.push(made);
    const now = new Date(at.getTime() + 5 * 60_000);
    present = present.filter(({ id }) => (dueAt.get(id) ?? now) >= now);
    present.push(made);
    // One is being restored just now, and not any more at the next step.
    const restored = Math.floor(random() * present.length * 20);
    const catalogue = present.map((one, index) => (index === restored && !one.marked ? { ...one, inUse: true } : one));

    const decisions = planRetention({ policy, timezone, verification: false }, catalogue, now);
    const kept = new Set(decisions.flatMap(({ id, action }) => (action === 'keep' ? [id] : [])));
    const shown = catalogue.filter(({ marked }) => !marked);
    const wanted = reference(policy, shown);
    const differing = shown.filter(({ id }) => kept.has(id) !== wanted.has(id));
    expect(differing, `kept otherwise after ${now.toISOString()}`).to.deep.equal([]);
    for (const one of present) {
      if (kept.has(one.id)) continue;
      one.marked = true;
      dueAt.set(one.id, new Date(now.getTime() + grace));
      year.deleted += 1;
    }
    const newest = ever.findLast(({ status }) => status === 'done');
    if (newest && (newest.marked || !present.includes(newest))) {
      throw new Error(`The newest good backup is gone after ${now.toISOString()}.`);
    }
  }
  // Many small steps came to what one look at everything that was ever made would have kept.
  const left = present.filter(({ marked }) => !marked);
  const whole = reference(policy, ever);
  expect(left.map(({ id }) => id)).to.have.members(ever.flatMap(({ id }) => (whole.has(id) ? [id] : [])));
  return { left, ...year };
}

/** By its local time. */
const shownAs = ({ at, locked }: RetainableBackup): string =>
  `${wall.format(at).slice(0, 16)}${locked ? ' locked' : ''}`;

describe('retention over a year with failures, outages and both changes of the clocks', function suite() {
  this.timeout(120_000);

  const recordsLeft = (left: readonly RetainableBackup[]): number =>
    left.filter(({ status }) => status === 'error').length;
  const archivesLeft = (left: readonly RetainableBackup[]): string[] =>
    left.filter(({ status, locked }) => status === 'done' || locked).map(shownAs);

  it('of an hourly schedule ends with what its rules say', () => {
    const { left, ...counts } = live('0 * * * *', { hourly: 24, daily: 7, weekly: 4, monthly: 12, keepLast: 3 }, 4);
    expect({ ...counts, records: recordsLeft(left) }).to.deep.equal({
      made: 8667,
      failed: 715,
      deleted: 8525,
      records: 93,
    });
    const lastDay = Array.from({ length: 24 }, (_, hour) => `2028-05-31 ${String(hour).padStart(2, '0')}:00`);
    expect(archivesLeft(left)).to.deep.equal([
      // The newest one of each of twelve months: outages began on 28 September and on 25 April.
      '2027-06-05 04:00 locked',
      '2027-06-30 23:00',
      '2027-07-31 23:00',
      '2027-08-06 16:00 locked',
      '2027-08-31 23:00',
      '2027-09-28 11:00',
      '2027-10-08 04:00 locked',
      '2027-10-31 23:00',
      '2027-11-30 23:00',
      '2027-12-09 15:00 locked',
      '2027-12-31 23:00',
      '2028-01-31 23:00',
      '2028-02-14 23:00 locked',
      '2028-02-29 23:00',
      '2028-03-31 22:00',
      '2028-04-17 12:00 locked',
      '2028-04-25 01:00',
      // Of four weeks, seven days and 24 hours; what is missing had failed.
      '2028-05-14 22:00',
      '2028-05-21 23:00',
      '2028-05-25 23:00',
      '2028-05-26 23:00',
      '2028-05-27 23:00',
      '2028-05-28 23:00',
      '2028-05-29 22:00',
      '2028-05-30 23:00',
      ...lastDay,
    ]);
  });

  it('of a schedule at an hour that is missing once and comes twice ends with what its rules say', () => {
    const policy = { daily: 14, weekly: 8, monthly: 6, yearly: 2, keepDays: 3, minimum: 2 };
    const { left, ...counts } = live('30 2 * * *', policy, 11);
    expect({ ...counts, records: recordsLeft(left) }).to.deep.equal({
      made: 361,
      failed: 20,
      deleted: 333,
      records: 4,
    });
    expect(archivesLeft(left)).to.deep.equal([
      '2027-09-08 02:30 locked',
      // The newest one of each of two years, six months and eight weeks; an outage began on 25 April.
      '2027-12-31 02:30',
      '2028-01-31 02:30',
      '2028-02-29 02:30',
      '2028-03-31 02:30',
      '2028-04-16 02:30',
      '2028-04-23 02:30',
      '2028-04-24 02:30',
      '2028-05-07 02:30',
      '2028-05-14 02:30',
      // Of fourteen days, one of which failed.
      ...[17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 31].map((day) => `2028-05-${day} 02:30`),
    ]);
  });
});
