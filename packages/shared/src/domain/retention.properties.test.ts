import { expect } from 'chai';
import * as fc from 'fast-check';
import { planRetention, type RetainableBackup, type RetentionDecision, type RetentionTerms } from './retention.ts';
import { retentionRules } from './retention-policy.ts';
import { retentionReasons } from './retention-reasons.ts';
import type { RetentionPolicy } from './schedule.ts';

const histories = 25_000;
const hour = 3_600_000;
/** Gaps between backups: none at all, within an hour, over changes of the clocks, over weeks and months. */
const gaps = [0, 10 * 60_000, hour, hour, 7 * hour, 24 * hour, 24 * hour, 8 * 24 * hour, 40 * 24 * hour];
const zones = ['UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kathmandu', 'Pacific/Apia'];
const start = Date.parse('2026-03-20T00:00:00Z');
const largest = 2 ** 30;

/** A history is generated from a few numbers, as so many of them have to be made in seconds. */
interface Drawn {
  backups: number[];
  rules: number;
  choice: number;
}
const drawn: fc.Arbitrary<Drawn> = fc.record({
  backups: fc.array(fc.nat(largest), { maxLength: 12, size: 'max' }),
  rules: fc.nat(largest),
  choice: fc.nat(largest),
});

/** Takes digits of a number, one after another. */
function digits(number: number): (base: number) => number {
  let left = number;
  return (base) => {
    const digit = left % base;
    left = Math.floor(left / base);
    return digit;
  };
}

function backupsOf({ backups }: Drawn): RetainableBackup[] {
  let at = start;
  return backups.map((number, index) => {
    const next = digits(number);
    at += gaps[next(gaps.length)] ?? 0;
    const status = (['done', 'done', 'done', 'done', 'done', 'error', 'scheduled', 'pending'] as const)[next(8)];
    const isFinal = status === 'done' || status === 'error';
    const rare = (): boolean => next(9) === 0;
    const [damaged, locked, inUse, marked, objectLocked] = [rare(), rare(), rare(), rare(), rare()];
    return {
      id: `b${String(index).padStart(2, '0')}`,
      at: new Date(at),
      status: status ?? 'done',
      damaged: status === 'done' && damaged,
      verified: status === 'done' && next(2) === 0,
      locked,
      objectLockedUntil: objectLocked ? new Date(at + (next(2) === 0 ? 1 : 400) * 24 * hour) : null,
      inUse: status === 'done' && inUse,
      marked: isFinal && !locked && marked,
      wanting: status === 'done' && rare(),
    };
  });
}

function termsOf({ rules, choice }: Drawn): RetentionTerms {
  const next = digits(rules);
  const policy: RetentionPolicy = {};
  for (const rule of retentionRules) {
    const isLikely = rule === 'keepLast' || rule === 'keepDays';
    if (next(isLikely ? 2 : 3) === 0) policy[rule] = 1 + next(isLikely ? 8 : 4);
  }
  if (next(2) === 0) policy.minimum = 1 + next(4);
  return { policy, timezone: zones[choice % zones.length] ?? 'UTC', verification: choice % 4 === 0 };
}

const isGood = (backup: RetainableBackup, { verification }: RetentionTerms): boolean =>
  backup.status === 'done' &&
  !backup.damaged &&
  !backup.wanting &&
  !backup.marked &&
  (backup.verified || !verification);

const deletedOf = (plan: readonly RetentionDecision[]): Set<string> =>
  new Set(plan.filter(({ action }) => action === 'delete').map(({ id }) => id));

const isWithin = (some: ReadonlySet<string>, all: ReadonlySet<string>): boolean => [...some].every((id) => all.has(id));

const hasAnyRule = ({ policy }: RetentionTerms): boolean => retentionRules.some((rule) => policy[rule] !== undefined);

const keepCodes: ReadonlySet<string> = new Set(retentionReasons.keep);
const deleteCodes: ReadonlySet<string> = new Set(retentionReasons.delete);

describe('a plan of retention, over random histories', function suite() {
  this.timeout(120_000);

  /** Checks `holds` for that many histories; a false answer is a counterexample. */
  const check = (
    runs: number,
    holds: (history: { backups: RetainableBackup[]; terms: RetentionTerms; now: Date; choice: number }) => boolean,
  ): void => {
    let seen = 0;
    const property = fc.property(drawn, (numbers) => {
      seen += 1;
      const backups = backupsOf(numbers);
      const now = new Date(Math.max(start, ...backups.map(({ at }) => at.getTime())));
      return holds({ backups, terms: termsOf(numbers), now, choice: numbers.choice });
    });
    fc.assert(property, { numRuns: runs });
    expect(seen).to.be.at.least(runs);
  };

  it(`keeps the floor and what must never go, says why, and deletes nothing more when applied (${histories})`, () => {
    check(histories, ({ backups, terms, now, choice }) => {
      const plan = planRetention(terms, backups, now);
      const deleted = deletedOf(plan);
      const decisions = new Map(plan.map((decision) => [decision.id, decision]));
      if (decisions.size !== backups.length) return false;
      for (const { action, reasons } of plan) {
        const codes = action === 'keep' ? keepCodes : deleteCodes;
        if (!reasons.every(({ code, message }) => codes.has(code) && message.endsWith('.'))) return false;
      }
      // Ties are older where they stand first, as their ids are smaller.
      const good = backups.filter((backup) => isGood(backup, terms)).toReversed();
      const minimum = terms.policy.minimum ?? 1;
      if (good.slice(0, minimum).some(({ id }) => deleted.has(id))) return false;
      const verified = good.find((backup) => backup.verified);
      if (verified && deleted.has(verified.id)) return false;
      if (deleted.size > 0 && !hasAnyRule(terms)) return false;
      for (const backup of backups) {
        if (!deleted.has(backup.id)) continue;
        if (backup.locked || backup.inUse || backup.marked) return false;
        if (backup.objectLockedUntil && backup.objectLockedUntil > now) return false;
        if (backup.status !== 'done' && backup.status !== 'error') return false;
        const replaced = good.filter(({ at, id }) => at > backup.at || (+at === +backup.at && id > backup.id));
        if (backup.status === 'done' && replaced.length < minimum) return false;
      }
      const left = backups.filter(({ id }) => !deleted.has(id));
      if (deletedOf(planRetention(terms, left, now)).size > 0) return false;

      const locked = backups.map((backup, index) =>
        index === choice % backups.length && !backup.marked ? { ...backup, locked: true } : backup,
      );
      if (!isWithin(deletedOf(planRetention(terms, locked, now)), deleted)) return false;
      if (!hasAnyRule(terms)) return true;
      const rule = ([...retentionRules, 'minimum'] as const)[choice % (retentionRules.length + 1)] ?? 'minimum';
      const raised = { ...terms.policy, [rule]: (terms.policy[rule] ?? 0) + 1 + (choice % 3) };
      return isWithin(deletedOf(planRetention({ ...terms, policy: raised }, backups, now)), deleted);
    });
  });

  it('does not depend on the order of the catalogue', () => {
    check(5000, ({ backups, terms, now, choice }) => {
      const next = digits(choice);
      const mixed = backups.map((backup) => ({ backup, key: next(7) })).toSorted((a, b) => a.key - b.key);
      const plan = planRetention(terms, backups, now);
      const other = planRetention(
        terms,
        mixed.map(({ backup }) => backup),
        now,
      );
      return JSON.stringify(other) === JSON.stringify(plan);
    });
  });

  it('never lets a good one go because time passes or because later ones fail or wait', () => {
    check(5000, ({ backups: drawnBackups, terms, now, choice }) => {
      // A lock of the store is the one thing that ends by time alone.
      const backups = drawnBackups.map((backup) => ({ ...backup, objectLockedUntil: null }));
      const later = new Date(now.getTime() + (choice % 5000) * 24 * hour);
      const flags = { damaged: false, verified: false, wanting: false, locked: false, inUse: false, marked: false };
      const empty = { ...flags, objectLockedUntil: null };
      const failed = (['error', 'error', 'scheduled'] as const).map((status, index) => ({
        id: `c${index}`,
        at: later,
        status,
        ...empty,
      }));
      const planned = deletedOf(planRetention(terms, backups, now));
      const after = deletedOf(planRetention(terms, [...backups, ...failed], later));
      return backups.every(({ id, status }) => status === 'error' || planned.has(id) || !after.has(id));
    });
  });

  it('never lets the newest verified good one go because newer ones wait for their verification or were found wanting', () => {
    check(5000, ({ backups, terms, now, choice }) => {
      const verified = backups.findLast((backup) => backup.verified && isGood(backup, terms));
      if (!verified) return true;
      const more = Array.from({ length: 1 + (choice % 5) }, (_, index) => ({
        ...verified,
        id: `c${index}`,
        at: new Date(now.getTime() + (index + 1) * hour),
        verified: false,
        wanting: (choice >> index) % 2 === 0,
        locked: false,
        inUse: false,
      }));
      const later = more.at(-1)?.at ?? now;
      return !deletedOf(planRetention(terms, [...backups, ...more], later)).has(verified.id);
    });
  });

  it('deletes nothing while the newest good one is of a time yet to come', () => {
    check(5000, ({ backups, terms, choice }) => {
      const newest = backups.findLast((backup) => isGood(backup, terms));
      if (!newest) return true;
      const before = new Date(newest.at.getTime() - 1 - (choice % 1000) * hour);
      return deletedOf(planRetention(terms, backups, before)).size === 0;
    });
  });

  it('changes nothing that it is given', () => {
    check(500, ({ backups, terms, now }) => {
      const before = structuredClone({ backups, terms });
      planRetention(terms, backups, now);
      expect({ backups, terms }).to.deep.equal(before);
      return true;
    });
  });

  it('draws histories that lead to every reason', () => {
    const codes = new Set<string>();
    check(5000, ({ backups, terms, now }) => {
      for (const decision of planRetention(terms, backups, now)) {
        for (const { code } of decision.reasons) codes.add(code);
      }
      return true;
    });
    codes.add('clock');
    expect([...codes]).to.have.members([...retentionReasons.keep, ...retentionReasons.delete]);
  });
});
