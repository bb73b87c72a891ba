import { expect } from 'chai';
import * as fc from 'fast-check';
import { alertOf, judge, type GoodBackup, type ProtectionFacts } from './protection.ts';
import { protectionReasons, reasonKind, type ProtectionState, type ReasonCode } from './protection-reasons.ts';
import { reaches, verificationLevels, type VerificationLevel } from './verification.ts';

const now = new Date('2026-11-21T12:00:00Z');
const ago = (seconds: number): Date => new Date(now.getTime() - seconds * 1000);
const order: readonly ProtectionState[] = ['unprotected', 'at_risk', 'protected'];

const age = fc.integer({ min: 0, max: 400_000 });
const moment = age.map(ago);
const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(value, { nil: null });

/** What is known of each level follows from single backups, as it does in the rows. */
const backups = fc.array(fc.record({ age, level: fc.constantFrom(...verificationLevels) }), { maxLength: 4 });

function newestOf(made: readonly { age: number; level: VerificationLevel }[]): ProtectionFacts['newest'] {
  const newest = (level: VerificationLevel): GoodBackup | null => {
    const [found] = made.filter((one) => reaches(one.level, level)).toSorted((a, b) => a.age - b.age);
    return found ? { backupId: 'b', level: found.level, madeAt: ago(found.age) } : null;
  };
  return Object.fromEntries(verificationLevels.map((level) => [level, newest(level)])) as ProtectionFacts['newest'];
}

const schedule = fc.record({
  enabled: fc.boolean(),
  cron: fc.constantFrom('0 3 * * *', '0 * * * *', '0 3 * * 1'),
  timezone: fc.constantFrom('UTC', 'Europe/Berlin'),
  jitterSeconds: fc.constantFrom(0, 600),
  graceSeconds: fc.constant(60),
  verification: maybe(
    fc.record({
      level: fc.constantFrom(...verificationLevels),
      every: fc.constantFrom<(number | 'weekly')[]>(1, 3, 'weekly'),
      scratchDatabaseId: fc.constant(null),
    }),
  ),
});

const told = (Object.keys(protectionReasons) as ReasonCode[]).filter((code) => {
  const { state, alert } = reasonKind(code);
  return state === 'at_risk' && alert !== null && alert !== 'service_silent';
});

const seconds = fc.integer({ min: 60, max: 200_000 });
const facts: fc.Arbitrary<ProtectionFacts> = fc
  .record({
    vanishedAt: fc.option(moment, { nil: null, freq: 10 }),
    objectives: maybe(
      fc.record(
        { rpoSeconds: seconds, level: fc.constantFrom(...verificationLevels), rtoSeconds: seconds },
        { requiredKeys: [] },
      ),
    ),
    schedules: fc.array(schedule, { maxLength: 2 }),
    nextSlotAt: maybe(age.map((ahead) => ago(-ahead))),
    made: backups,
    isUnderWay: fc.boolean(),
    backupSeconds: maybe(fc.integer({ min: 0, max: 20_000 })),
    restore: maybe(
      fc.record({ seconds, basis: fc.constantFrom<('measured' | 'estimated')[]>('measured', 'estimated') }),
    ),
    lacksConnection: fc.boolean(),
    server: maybe(fc.record({ name: fc.constant('node'), seenAt: maybe(moment) })),
    hooksOpenSince: maybe(moment),
    conditions: fc.array(fc.record({ code: fc.constantFrom(...told), message: fc.constant('It is so.') }), {
      maxLength: 2,
    }),
    services: fc.record({
      scheduler: maybe(fc.integer({ min: 0, max: 120 }).map(ago)),
      worker: maybe(fc.integer({ min: 0, max: 120 }).map(ago)),
    }),
    hadMore: fc.boolean(),
  })
  .map(({ made, hadMore, ...rest }) => ({
    ...rest,
    now,
    newest: newestOf(made),
    wasDone: hadMore || made.length > 0,
    wasAsked: hadMore || made.length > 0,
    silentSeconds: 60,
  }));

const calm: ProtectionFacts = {
  now,
  vanishedAt: null,
  objectives: null,
  schedules: [
    { enabled: true, cron: '0 3 * * *', timezone: 'UTC', jitterSeconds: 0, graceSeconds: 60, verification: null },
  ],
  nextSlotAt: ago(-54_000),
  wasAsked: true,
  wasDone: true,
  isUnderWay: false,
  newest: newestOf([{ age: 32_400, level: 'stored' }]),
  backupSeconds: 60,
  restore: null,
  lacksConnection: false,
  server: null,
  hooksOpenSince: null,
  conditions: [],
  services: { scheduler: ago(5), worker: ago(5) },
  silentSeconds: 60,
};

describe('the judgement of a database', () => {
  const holds = (property: (facts: ProtectionFacts) => void): void =>
    fc.assert(fc.property(facts, property), { numRuns: 500 });

  it('is never protected nor at risk when the newest good backup of the level is older than the objective', () => {
    holds((facts) => {
      const { state, objectives, newestGood } = judge(facts);
      if (state === 'unknown') return;
      const isInTime = newestGood !== null && newestGood.ageSeconds <= objectives.rpoSeconds;
      expect(state === 'unprotected').to.equal(!isInTime);
      if (newestGood) expect(reaches(newestGood.level, objectives.level)).to.equal(true);
    });
  });

  it('has a reason with an action for each state but protected, the worst first', () => {
    holds((facts) => {
      const { state, reasons } = judge(facts);
      expect(reasons.length === 0).to.equal(state === 'protected');
      for (const { code, message, action } of reasons) {
        expect(action, code).to.match(/^[A-Z].*\.$/);
        expect(message, code).to.match(/^[A-Z].*\.$/);
      }
      const [first] = reasons;
      if (first) expect(reasonKind(first.code).state).to.equal(state);
    });
  });

  it('is never worse for anything that becomes better', () => {
    const better: ((facts: ProtectionFacts) => ProtectionFacts)[] = [
      (facts) => ({ ...facts, newest: newestOf([{ age: 0, level: 'identical' }]), wasDone: true, wasAsked: true }),
      (facts) => ({ ...facts, conditions: [] }),
      (facts) => ({ ...facts, services: { scheduler: now, worker: now } }),
      (facts) => ({ ...facts, hooksOpenSince: null, lacksConnection: false }),
      (facts) => ({ ...facts, restore: { seconds: 1, basis: 'measured' } }),
      (facts) => ({ ...facts, server: facts.server && { ...facts.server, seenAt: now } }),
      (facts) => ({ ...facts, nextSlotAt: now, backupSeconds: facts.backupSeconds }),
      (facts) => ({ ...facts, isUnderWay: true }),
    ];
    holds((facts) => {
      const before = judge(facts).state;
      if (before === 'unknown') return;
      for (const change of better) {
        expect(order.indexOf(judge(change(facts)).state)).to.be.at.least(order.indexOf(before));
      }
    });
  });

  it('asks for the shortest promise of the schedules, an hour for the clocks and the time of a backup', () => {
    const [nightly] = calm.schedules;
    if (!nightly) throw new Error('There is no schedule.');
    const rpo = (change: Partial<ProtectionFacts>): number => judge({ ...calm, ...change }).objectives.rpoSeconds;
    expect(rpo({})).to.equal(86_400 + 3600 + 60 + 1800);
    expect(rpo({ backupSeconds: 7200 })).to.equal(86_400 + 3600 + 60 + 14_400);
    expect(rpo({ schedules: [{ ...nightly, cron: '0 * * * *', jitterSeconds: 60 }] }), 'hourly').to.equal(
      3600 + 120 + 1800,
    );
    const office = { ...nightly, cron: '0 9-17 * * 1-5' };
    expect(rpo({ schedules: [office] }), 'over the weekend').to.equal(64 * 3600 + 3600 + 60 + 1800);
    const monthly = {
      ...nightly,
      cron: '0 3 1 * *',
      verification: { level: 'identical', every: 1, scratchDatabaseId: null },
    } as const;
    expect(judge({ ...calm, schedules: [monthly, nightly] }).objectives, 'of several').to.include({
      rpoSeconds: 86_400 + 3600 + 60 + 1800,
      level: 'stored',
    });
    expect(judge({ ...calm, schedules: [monthly] }).objectives).to.include({ level: 'identical', source: 'schedule' });
    expect(judge({ ...calm, schedules: [] }).objectives).to.include({ rpoSeconds: 86_400, source: 'default' });
  });

  it('warns before the objective is missed, when the next backup will not be done in time', () => {
    const objectives = { rpoSeconds: 86_400 };
    const codes = (change: Partial<ProtectionFacts>) =>
      judge({ ...calm, objectives, ...change }).reasons.map(({ code }) => code);
    expect(codes({})).to.deep.equal(['next_slot_late']);
    expect(codes({ isUnderWay: true })).to.deep.equal([]);
    expect(codes({ objectives: { rpoSeconds: 86_460 } })).to.deep.equal([]);
  });
});

describe('the alert of a judgement', () => {
  const named = { name: 'shop', createdAt: ago(400_000), askedSince: ago(400_000), now };
  const alert = (change: Partial<ProtectionFacts>, who = named) => alertOf(judge({ ...calm, ...change }), who);

  it('tells of a loss, but of a new database only when its first backup had its time', () => {
    const never = { newest: newestOf([]), wasDone: false } as const;
    expect(alert(never)?.kind).to.equal('protection_lost');
    expect(alert(never, { ...named, createdAt: ago(3600) })).to.equal(null);
    const unproven = { objectives: { rpoSeconds: 90_000, level: 'identical' } } as const;
    expect(alert(unproven)?.kind).to.equal('protection_lost');
    expect(alert(unproven, { ...named, askedSince: ago(3600) })).to.equal(null);
    expect(alert({ newest: newestOf([]) }, { ...named, createdAt: ago(3600) })?.message).to.contain(
      '"shop" is unprotected',
    );
  });

  it('tells of a risk that no other alert tells of, where something was asked for', () => {
    expect(alert({ services: { scheduler: null, worker: null } })).to.equal(null);
    expect(alert({ objectives: { rpoSeconds: 90_000 }, hooksOpenSince: ago(3600) })?.kind).to.equal(
      'protection_at_risk',
    );
    expect(alert({ schedules: [], nextSlotAt: null })).to.equal(null);
    expect(alert({})).to.equal(null);
  });
});
