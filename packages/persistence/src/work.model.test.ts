import { expect } from 'chai';
import * as fc from 'fast-check';
import {
  transition,
  type PublicError,
  type Restore,
  type Server,
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

const silenceSeconds = 60;

const error: PublicError = { code: 'dump_failed', message: 'pg_dump ended with exit code 1.' };

/** `offset` names an attempt by its distance from the present one; 0 is the present one. */
const offset = fc.constantFrom(0, 0, 0, -1, 1);
/** Who asks in the name of a remote server: the one whose work it is, where it is one's, or another. */
const by = fc.constantFrom('own' as const, 'own' as const, 'own' as const, 'other' as const);
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ type: fc.constant('claim' as const) }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('claimOfServer' as const), by }) },
  fc.record({ type: fc.constantFrom('heartbeat' as const, 'settle' as const, 'handBack' as const), offset }),
  fc.record({ type: fc.constant('heard' as const), by }),
  fc.record({ type: fc.constant('revive' as const), offset }),
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
  /** @param server whose work it is; null: our workers' */
  create(world: World, maxFailures: number, server: Server | null): Promise<string>;
  settle(world: World, id: string, attempt: number): Promise<boolean>;
  /** Null where what failed stays so. */
  revive: ((world: World, id: string, attempt: number) => Promise<boolean>) | null;
}

/** The two servers that ask. */
interface Servers {
  own: Server;
  other: Server;
}

const result = (id: string) => ({ files: [newFile(id)], manifestKey: 'm' });

const subjects: Record<string, Subject> = {
  backup: {
    table: 'holdfast.backups',
    repository: ({ backups }) => backups,
    create: async (world, maxFailures, server) => {
      const { id: databaseId } = await (server ? world.newDatabaseOf(server) : world.newDatabase());
      const wanted = { databaseId, destinationId: null, method: 'manual', requestId: null, maxFailures } as const;
      return (await world.backups.create(wanted))?.id ?? '';
    },
    settle: ({ backups }, id, attempt) => backups.settle(id, attempt, result(id)),
    revive: ({ backups }, id, attempt) => backups.revive(id, attempt, result(id)),
  },
  restore: {
    table: 'holdfast.restores',
    repository: ({ restores }) => restores,
    create: async (world, maxFailures, server) => {
      const backup = await world.doneBackup();
      const restore = await world.restores.create({
        backupId: backup.id,
        databaseId: backup.databaseId,
        target: { mode: 'in_place' },
        ownership: 'skip',
        fileIds: null,
        requestId: null,
        maxFailures,
        serverId: server?.id ?? null,
      });
      return (restore as Restore).id;
    },
    settle: ({ restores }, id, attempt) => restores.settle(id, attempt, 'restored'),
    revive: null,
  },
  verification: {
    table: 'holdfast.verifications',
    repository: ({ verifications }) => verifications,
    create: async (world, maxFailures, server) => {
      const { id } = await world.newVerification(await world.doneBackup(), { maxFailures });
      await world.sql('update holdfast.verifications set server_id = $2 where id = $1', [id, server?.id ?? null]);
      return id;
    },
    settle: ({ verifications }, id, attempt) =>
      verifications.settle(id, attempt, { reached: 'readable', findings: [], damage: null }),
    revive: null,
  },
};

/** Does the step to the row. @returns what the repository answered, in the words of `expectedAnswer` */
async function act(
  world: World,
  { subject, servers }: { subject: Subject; servers: Servers },
  id: string,
  present: number,
  step: Step,
): Promise<unknown> {
  const repository = subject.repository(world);
  const attempt = 'offset' in step ? present + step.offset : present;
  const retryInSeconds = 'waits' in step && step.waits ? 3600 : 0;
  switch (step.type) {
    case 'claim':
      return (await repository.claim(id, lease)) !== null;
    case 'claimOfServer':
      return (await repository.claimOfServer(servers[step.by].id, silenceSeconds, id)) !== null;
    case 'heartbeat':
      return await repository.heartbeat(id, attempt, lease, progress);
    case 'heard':
      return await repository.heardOfServer(servers[step.by].id, id, { silenceSeconds, progressBytes: 5 });
    case 'settle':
      return await subject.settle(world, id, attempt);
    case 'revive':
      return await subject.revive?.(world, id, attempt);
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

function eventOf(state: WorkState, servers: Servers, step: Step): WorkEvent | null {
  const attempt = 'offset' in step ? state.attempt + step.offset : state.attempt;
  const retryAt = 'waits' in step && step.waits ? later : now;
  switch (step.type) {
    case 'claim':
      return { type: 'claim', at: now, worker: lease.worker, serverId: null, leaseUntil: later };
    case 'claimOfServer': {
      const { id: serverId } = servers[step.by];
      return { type: 'claim', at: now, worker: `server ${serverId}`, serverId, leaseUntil: later };
    }
    case 'heartbeat':
      return { type: 'heartbeat', at: now, attempt, leaseUntil: later };
    case 'heard': {
      // A server names no attempt: the present one is its own, and none of another's work is.
      const isOwn = servers[step.by].id === state.serverId;
      return { type: 'heartbeat', at: now, attempt: isOwn ? attempt : -1, leaseUntil: later };
    }
    case 'fail':
      return { type: 'fail', at: now, attempt, error, retryable: step.retryable, retryAt };
    case 'expireLease':
      return { type: 'expireLease', at: now, retryAt };
    case 'settle':
    case 'revive':
    case 'handBack':
      return { type: step.type, at: now, attempt };
    case 'cancel':
      return { type: 'cancel', at: now, remoteEndsAt: later };
    case 'comesDue':
    case 'leaseEnds':
      return null;
  }
}

function expectedAnswer(type: Step['type'], result: Transition): unknown {
  switch (type) {
    case 'heartbeat':
    case 'heard':
      if (result.accepted) return 'ok';
      return result.reason === 'cancel_requested' ? 'cancel' : 'lost';
    case 'fail':
    case 'cancel':
      return result.accepted ? result.state.status : null;
    case 'claim':
    case 'claimOfServer':
    case 'settle':
    case 'revive':
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
  let servers: Servers;
  before(async () => {
    world = await openWorld();
    servers = { own: await world.newServer(), other: await world.newServer() };
  });
  after(() => world.drop());

  for (const [name, subject] of Object.entries(subjects)) {
    for (const isRemote of [false, true]) {
      const of = isRemote ? `${name} of a remote server` : name;
      it(`of a ${of} is the one in the domain, whatever happens in whatever order`, async () => {
        const history = fc.array(step, { minLength: 1, maxLength: 14 });
        const property = fc.asyncProperty(history, fc.integer({ min: 1, max: 3 }), async (steps, maxFailures) => {
          const id = await subject.create(world, maxFailures, isRemote ? servers.own : null);
          const found = await subject.repository(world).find(id);
          let state: WorkState = { ...(found as WorkState), runAfter: now };
          for (const one of steps) {
            if (one.type === 'revive' && subject.revive === null) continue;
            const event = eventOf(state, servers, one);
            const answer = await act(world, { subject, servers }, id, state.attempt, one);
            if (event) {
              const expected = transition(state, event);
              expect(answer, `answer to ${one.type}`).to.equal(expectedAnswer(one.type, expected));
              if (expected.accepted) state = expected.state;
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
  }
});
