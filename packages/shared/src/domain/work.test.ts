import { expect } from 'chai';
import * as fc from 'fast-check';
import { errorCodes, mayPass, type ErrorCode } from './errors.ts';
import { backoffSeconds, transition, type WorkEvent, type WorkState } from './work.ts';

const start = Date.parse('2026-11-20T03:00:00Z');
/** Times are minutes after the start, so that random ones meet and pass each other. */
const moment = fc.integer({ min: 0, max: 60 }).map((minutes) => new Date(start + minutes * 60_000));
const attempt = fc.integer({ min: 0, max: 6 });
/** The server whose work it is, or another that asks; null: our workers. */
const serverId = fc.constantFrom(null, 1, 2);
const error = { code: 'dump_failed', message: 'pg_dump ended with exit code 1.' } as const;

const event: fc.Arbitrary<WorkEvent> = fc.oneof(
  fc.record({
    type: fc.constant('claim' as const),
    at: moment,
    worker: fc.constant('worker-1'),
    serverId,
    leaseUntil: moment,
  }),
  fc.record({ type: fc.constant('heartbeat' as const), at: moment, attempt, leaseUntil: moment }),
  fc.record({ type: fc.constantFrom('settle' as const, 'revive' as const), at: moment, attempt }),
  fc.record({
    type: fc.constant('fail' as const),
    at: moment,
    attempt,
    error: fc.constant(error),
    retryable: fc.boolean(),
    retryAt: moment,
  }),
  fc.record({ type: fc.constant('handBack' as const), at: moment, attempt }),
  fc.record({ type: fc.constant('expireLease' as const), at: moment, retryAt: moment }),
  fc.record({ type: fc.constant('cancel' as const), at: moment, remoteEndsAt: moment }),
);

const fresh = (maxFailures: number, serverId: number | null): WorkState => ({
  status: 'scheduled',
  attempt: 0,
  failures: 0,
  maxFailures,
  runAfter: new Date(start),
  leaseOwner: null,
  leaseUntil: null,
  serverId,
  silenceSeconds: null,
  cancelRequestedAt: null,
  error: null,
});

const apply = (state: WorkState, event: WorkEvent): WorkState => {
  const result = transition(state, event);
  return result.accepted ? result.state : state;
};

const isFinal = ({ status }: WorkState): boolean => status === 'done' || status === 'error';

const history = fc.array(event, { maxLength: 40 });
const maxFailures = fc.integer({ min: 1, max: 4 });

/** Any state that some history leads to. */
const reachable = fc
  .tuple(maxFailures, fc.constantFrom(null, 1), history)
  .map(([max, owner, events]) => events.reduce((state, one) => apply(state, one), fresh(max, owner)));

const holds = <T extends [unknown, ...unknown[]]>(property: fc.IPropertyWithHooks<T>): void =>
  fc.assert(property, { numRuns: 2000 });

describe('the life of work', () => {
  it('never leaves a final state, but that of a failed attempt of a remote server, which may turn out to be done', () => {
    holds(
      fc.property(reachable, event, (state, event) => {
        if (!isFinal(state)) return;
        const isRevival = event.type === 'revive' && event.attempt === state.attempt && state.attempt > 0;
        const result = transition(state, event);
        const mayRevive = state.status === 'error' && state.serverId !== null && state.cancelRequestedAt === null;
        expect(result.accepted).to.equal(isRevival && mayRevive);
        if (result.accepted) expect(result.state).to.deep.equal({ ...state, status: 'done', error: null });
      }),
    );
  });

  it("is begun by its own server alone, and a worker's by none", () => {
    holds(
      fc.property(reachable, serverId, (state, asking) => {
        const late = new Date(start + 24 * 3_600_000);
        const claim = { type: 'claim', at: late, worker: 'x', serverId: asking, leaseUntil: late } as const;
        const mayBegin = state.status === 'scheduled' && state.serverId === asking;
        expect(transition(state, claim).accepted).to.equal(mayBegin);
      }),
    );
  });

  it('of a remote server that falls silent is over, whatever failures it may have', () => {
    holds(
      fc.property(reachable, (state) => {
        if (state.status !== 'pending' || state.serverId === null) return;
        const late = new Date(start + 24 * 3_600_000);
        const after = apply(state, { type: 'expireLease', at: late, retryAt: late });
        expect(after).to.include({ status: 'error', failures: state.failures + 1 });
        expect(after.error?.code).to.equal(state.cancelRequestedAt ? 'cancelled' : 'abandoned');
      }),
    );
  });

  it('never lowers the attempt, and raises it by one with a claim and with nothing else', () => {
    holds(
      fc.property(reachable, event, (state, event) => {
        const result = transition(state, event);
        const raised = result.accepted && event.type === 'claim' ? 1 : 0;
        expect(apply(state, event).attempt).to.equal(state.attempt + raised);
      }),
    );
  });

  it('is not changed by a stale attempt', () => {
    holds(
      fc.property(reachable, event, (state, event) => {
        if (!('attempt' in event) || event.attempt === state.attempt) return;
        expect(transition(state, event).accepted).to.equal(false);
      }),
    );
  });

  it('counts no more failures than it may have, and ends as error when they are used up', () => {
    holds(
      fc.property(reachable, (state) => {
        expect(state.failures).to.be.at.most(Math.min(state.maxFailures, state.attempt));
        if (state.failures === state.maxFailures) expect(isFinal(state)).to.equal(true);
      }),
    );
  });

  it('has a lease exactly while it is pending', () => {
    holds(
      fc.property(reachable, (state) => {
        expect(state.leaseOwner !== null).to.equal(state.status === 'pending');
        expect(state.leaseUntil !== null).to.equal(state.status === 'pending');
      }),
    );
  });

  it('says why it ended as error, and has no error when it is done', () => {
    holds(
      fc.property(reachable, (state) => {
        if (state.status === 'error') expect(state.error).to.not.equal(null);
        if (state.status === 'done') expect(state.error).to.equal(null);
      }),
    );
  });

  it('has an event that leads on from every state that is not final, without its worker', () => {
    const late = new Date(start + 24 * 3_600_000);
    holds(
      fc.property(reachable, (state) => {
        if (isFinal(state)) return;
        const scheduler: WorkEvent[] = [
          { type: 'claim', at: late, worker: 'worker-2', serverId: state.serverId, leaseUntil: late },
          { type: 'expireLease', at: new Date(late.getTime() + 1), retryAt: late },
        ];
        expect(scheduler.filter((event) => transition(state, event).accepted)).to.have.length(1);
        // With workers that only ever die it still ends: each lost lease is a counted failure.
        let last = state;
        for (let round = 0; round < 2 * state.maxFailures; round += 1) {
          for (const event of scheduler) last = apply(last, event);
        }
        expect(last.status).to.equal('error');
      }),
    );
  });

  it('does not begin again after somebody asked to cancel it', () => {
    holds(
      fc.property(reachable, history, (state, events) => {
        let cancelled = apply(state, { type: 'cancel', at: new Date(start), remoteEndsAt: new Date(start) });
        for (const one of events) {
          cancelled = apply(cancelled, one);
          expect(cancelled.status).to.not.equal('scheduled');
        }
      }),
    );
  });

  it('of a remote server does not keep its lease for long after it was cancelled', () => {
    holds(
      fc.property(reachable, moment, moment, (state, at, remoteEndsAt) => {
        if (state.status !== 'pending' || state.serverId === null) return;
        const after = apply(state, { type: 'cancel', at, remoteEndsAt });
        expect(after.leaseUntil?.getTime()).to.be.at.most(remoteEndsAt.getTime());
        const beat = { type: 'heartbeat', at, attempt: state.attempt, leaseUntil: new Date(start + 1e9) } as const;
        expect(apply(after, beat)).to.deep.equal(after);
      }),
    );
  });

  it('is not claimed before its time, and not taken from a worker whose lease is valid', () => {
    holds(
      fc.property(reachable, event, (state, event) => {
        if (event.type === 'claim' && event.at < state.runAfter) {
          expect(transition(state, event).accepted).to.equal(false);
        }
        if (event.type === 'expireLease' && state.leaseUntil && event.at <= state.leaseUntil) {
          expect(transition(state, event).accepted).to.equal(false);
        }
      }),
    );
  });

  it('does not count a worker that hands back as a failure', () => {
    holds(
      fc.property(reachable, moment, (state, at) => {
        const after = apply(state, { type: 'handBack', at, attempt: state.attempt });
        expect(after.failures).to.equal(state.failures);
      }),
    );
  });

  it('never changes a state in place', () => {
    holds(
      fc.property(reachable, event, (state, event) => {
        const before = structuredClone(state);
        transition(state, event);
        expect(state).to.deep.equal(before);
      }),
    );
  });
});

describe('what decides over another attempt', () => {
  const code = fc.constantFrom(...(Object.keys(errorCodes) as ErrorCode[]));
  const before = fc.option(code);

  it('is the kind of the failure alone, but for unknown ones', () => {
    holds(
      fc.property(code, before, (code, before) => {
        const { retry } = errorCodes[code];
        if (retry !== 'unknown') expect(mayPass(code, before)).to.equal(retry === 'retryable');
      }),
    );
  });

  it('tries again once, and no more, after failures that nobody knows', () => {
    holds(
      fc.property(fc.array(code, { minLength: 2 }), (codes) => {
        const unknown = (at: number): boolean => errorCodes[codes[at] ?? 'cancelled'].retry === 'unknown';
        for (const [index, one] of codes.entries()) {
          if (!unknown(index)) continue;
          const before = codes[index - 1] ?? null;
          expect(mayPass(one, before)).to.equal(index === 0 || !unknown(index - 1));
        }
      }),
    );
  });
});

describe('the wait before the next attempt', () => {
  const policy = { baseSeconds: 10, capSeconds: 900 };
  const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

  it('doubles with each failure up to the cap, half of it by chance', () => {
    expect([1, 2, 3, 8].map((failures) => backoffSeconds(policy, failures, 0))).to.deep.equal([5, 10, 20, 450]);
    holds(
      fc.property(fc.integer({ min: 1, max: 10_000 }), random, (failures, random) => {
        const full = Math.min(900, 10 * 2 ** (failures - 1));
        expect(backoffSeconds(policy, failures, random)).to.be.within(full / 2, full);
      }),
    );
  });

  it('is never longer than the cap nor shrinks with more failures, whatever the policy', () => {
    const seconds = fc.double({ min: 0.01, max: 1e6, noNaN: true });
    holds(
      fc.property(seconds, seconds, fc.integer({ min: 1, max: 5000 }), random, (baseSeconds, capSeconds, n, chance) => {
        const wait = (failures: number): number => backoffSeconds({ baseSeconds, capSeconds }, failures, chance);
        expect(wait(n)).to.be.within(Math.min(baseSeconds, capSeconds) / 2, capSeconds);
        expect(wait(n + 1)).to.be.at.least(wait(n));
        expect(wait(n + 1)).to.be.at.most(2 * wait(n));
      }),
    );
  });

  it('is not the same for all that failed together', () => {
    const waits = Array.from({ length: 100 }, (_, index) => backoffSeconds(policy, 4, index / 100));
    expect(new Set(waits).size).to.equal(100);
  });
});
