import { expect } from 'chai';
import * as fc from 'fast-check';
import {
  transition,
  type PublicError,
  type Restore,
  type Transition,
  type WorkEvent,
  type WorkState,
} from '@holdfast/shared/domain';
import type { WorkRepository } from './index.ts';
import { only } from './only.ts';
import { lease, newFile, openWorld, progress, type World } from './testing/world.ts';

/** The domain's side lives at one moment: what is due then is `now`, what is not is `later`. */
const now = new Date('2026-11-20T03:00:00Z');
const later = new Date(now.getTime() + 3_600_000);
const past = new Date(now.getTime() - 1000);

const error: PublicError = { code: 'dump_failed', message: 'pg_dump ended with exit code 1.' };

/** `offset` names an attempt by its distance from the present one; 0 is the present one. */
const offset = fc.constantFrom(0, 0, 0, -1, 1);
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ type: fc.constant('claim' as const) }) },
  fc.record({ type: fc.constantFrom('heartbeat' as const, 'settle' as const, 'handBack' as const), offset }),
  fc.record({ type: fc.constant('fail' as const), offset, retryable: fc.boolean(), waits: fc.boolean() }),
  fc.record({ type: fc.constant('expireLease' as const), waits: fc.boolean() }),
  { weight: 1, arbitrary: fc.record({ type: fc.constant('cancel' as const) }) },
  fc.record({ type: fc.constantFrom('comesDue' as const, 'leaseEnds' as const) }),
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** One kind of work as the histories drive it. */
interface Subject {
  table: string;
  repository(world: World): WorkRepository<WorkState>;
  create(world: World, maxFailures: number): Promise<string>;
  settle(world: World, id: string, attempt: number): Promise<boolean>;
}

const subjects: Record<string, Subject> = {
  backup: {
    table: 'holdfast.backups',
    repository: ({ backups }) => backups,
    create: async (world, maxFailures) => {
      const { id: databaseId } = await world.newDatabase();
      const wanted = { databaseId, destinationId: null, method: 'manual', requestId: null, maxFailures } as const;
      return (await world.backups.create(wanted))?.id ?? '';
    },
    settle: ({ backups }, id, attempt) => backups.settle(id, attempt, { files: [newFile(id)], manifestKey: 'm' }),
  },
  restore: {
    table: 'holdfast.restores',
    repository: ({ restores }) => restores,
    create: async (world, maxFailures) => {
      const backup = await world.doneBackup();
      const restore = await world.restores.create({
        backupId: backup.id,
        databaseId: backup.databaseId,
        target: { mode: 'in_place' },
        ownership: 'skip',
        fileIds: null,
        requestId: null,
        maxFailures,
      });
      return (restore as Restore).id;
    },
    settle: ({ restores }, id, attempt) => restores.settle(id, attempt, 'restored'),
  },
};

/** Does the step to the row. @returns what the repository answered, in the words of `expectedAnswer` */
async function act(world: World, subject: Subject, id: string, present: number, step: Step): Promise<unknown> {
  const repository = subject.repository(world);
  const attempt = 'offset' in step ? present + step.offset : present;
  const retryInSeconds = 'waits' in step && step.waits ? 3600 : 0;
  switch (step.type) {
    case 'claim':
      return (await repository.claim(id, lease)) !== null;
    case 'heartbeat':
      return await repository.heartbeat(id, attempt, lease, progress);
    case 'settle':
      return await subject.settle(world, id, attempt);
    case 'fail':
      return await repository.fail(id, attempt, { error, retryable: step.retryable, retryInSeconds });
    case 'handBack':
      return await repository.handBack(id, attempt);
    case 'expireLease':
      return (await repository.reapExpired(10_000, retryInSeconds)).some((reaped) => reaped.id === id);
    case 'cancel':
      return await repository.requestCancel(id);
    case 'comesDue':
      await world.sql(`update ${subject.table} set run_after = now() - interval '1 second' where id = $1`, [id]);
      return null;
    case 'leaseEnds':
      await world.sql(
        `update ${subject.table} set lease_until = now() - interval '1 second' where id = $1 and status = 'pending'`,
        [id],
      );
      return null;
  }
}

function eventOf(present: number, step: Step): WorkEvent | null {
  const attempt = 'offset' in step ? present + step.offset : present;
  const retryAt = 'waits' in step && step.waits ? later : now;
  switch (step.type) {
    case 'claim':
      return { type: 'claim', at: now, worker: lease.worker, serverId: null, leaseUntil: later };
    case 'heartbeat':
      return { type: 'heartbeat', at: now, attempt, leaseUntil: later };
    case 'fail':
      return { type: 'fail', at: now, attempt, error, retryable: step.retryable, retryAt };
    case 'expireLease':
      return { type: 'expireLease', at: now, retryAt };
    case 'settle':
    case 'handBack':
      return { type: step.type, at: now, attempt };
    case 'cancel':
      return { type: 'cancel', at: now };
    case 'comesDue':
    case 'leaseEnds':
      return null;
  }
}

function expectedAnswer(type: Step['type'], result: Transition): unknown {
  switch (type) {
    case 'heartbeat':
      if (result.accepted) return 'ok';
      return result.reason === 'cancel_requested' ? 'cancel' : 'lost';
    case 'fail':
    case 'cancel':
      return result.accepted ? result.state.status : null;
    case 'claim':
    case 'settle':
    case 'handBack':
    case 'expireLease':
    case 'comesDue':
    case 'leaseEnds':
      return result.accepted;
  }
}

/** A state with its times reduced to what they mean at this moment. */
interface Seen {
  status: string;
  attempt: number;
  failures: number;
  leaseOwner: string | null;
  due: boolean;
  leaseValid: boolean | null;
  cancelRequested: boolean;
  error: PublicError | null;
}

const seen = (state: WorkState): Seen => ({
  status: state.status,
  attempt: state.attempt,
  failures: state.failures,
  leaseOwner: state.leaseOwner,
  due: state.runAfter <= now,
  leaseValid: state.leaseUntil && state.leaseUntil >= now,
  cancelRequested: state.cancelRequestedAt !== null,
  error: state.error,
});

const seenInRow = async (world: World, table: string, id: string): Promise<Seen> =>
  only(
    await world.sql<Seen>(
      `select status, attempt, failures, lease_owner as "leaseOwner", run_after <= clock_timestamp() as due,
         lease_until >= clock_timestamp() as "leaseValid", cancel_requested_at is not null as "cancelRequested", error
       from ${table} where id = $1`,
      [id],
    ),
  );

/** Every claim has its attempt; what does not run has none open; what is done has exactly one that settled. */
async function expectAttempts(world: World, id: string, state: WorkState): Promise<void> {
  const attempts = await world.sql<{ attempt: number; open: boolean; settled: boolean; error: string | null }>(
    `select attempt, ended_at is null as open, settled, error from holdfast.backup_attempts where backup_id = $1
     order by attempt`,
    [id],
  );
  expect(attempts.map(({ attempt }) => attempt)).to.deep.equal(attempts.map((_, index) => index + 1));
  expect(attempts).to.have.length(state.attempt);
  expect(attempts.filter(({ open }) => open)).to.have.length(state.status === 'pending' ? 1 : 0);
  expect(attempts.filter(({ settled }) => settled)).to.have.length(state.status === 'done' ? 1 : 0);
  for (const { open, settled, error } of attempts) expect(error === null).to.equal(open || settled);
}

describe('the life of work in the database', function () {
  this.timeout(120_000);
  let world: World;
  before(async () => {
    world = await openWorld();
  });
  after(() => world.drop());

  for (const [name, subject] of Object.entries(subjects)) {
    it(`of a ${name} is the one in the domain, whatever happens in whatever order`, async () => {
      const history = fc.array(step, { minLength: 1, maxLength: 14 });
      const property = fc.asyncProperty(history, fc.integer({ min: 1, max: 3 }), async (steps, maxFailures) => {
        const id = await subject.create(world, maxFailures);
        const found = await subject.repository(world).find(id);
        let state: WorkState = { ...(found as WorkState), runAfter: now };
        for (const one of steps) {
          const event = eventOf(state.attempt, one);
          const answer = await act(world, subject, id, state.attempt, one);
          if (event) {
            const result = transition(state, event);
            expect(answer, `answer to ${one.type}`).to.equal(expectedAnswer(one.type, result));
            if (result.accepted) state = result.state;
          } else if (one.type === 'comesDue') {
            state = { ...state, runAfter: past };
          } else if (state.status === 'pending') {
            state = { ...state, leaseUntil: past };
          }
          expect(await seenInRow(world, subject.table, id)).to.deep.equal(seen(state));
          if (name === 'backup') await expectAttempts(world, id, state);
        }
      });
      await fc.assert(property, { numRuns: 120 });
    });
  }
});
