import type { Due, Persistence } from '@holdfast/persistence';
import type { Producer } from '@holdfast/queue';
import { parseSettings, type Settings } from '@holdfast/shared/config';
import { systemIds } from '@holdfast/shared/lifecycle';
import { createLogger } from '@holdfast/shared/observability';
import { expect } from 'chai';
import { until } from '@holdfast/testing/until';
import type { SchedulerDeps } from './deps.ts';
import { dispatchBackups, dispatchRestores, dispatchVerifications } from './dispatcher.ts';
import { reapBackups, reapRestores, reapVerifications } from './reaper.ts';
import { startScheduler } from './scheduler.ts';
import { sweep, sweepVerifications } from './sweeper.ts';
import { planVerifications } from './verifier.ts';

const backupId = '0190d4c0-0000-7000-8000-000000000001';

function settings(changes: Record<string, string> = {}): Settings {
  const parsed = parseSettings({
    DATABASE_URL: 'postgres://127.0.0.1/nothing',
    HOLDFAST_SECRET_KEYS: `k:${Buffer.alloc(32).toString('base64')}`,
    HOLDFAST_TICK_SECONDS: '0.01',
    ...changes,
  });
  if ('problems' in parsed) throw new Error(parsed.problems.join(' '));
  return parsed.settings;
}

interface Ring {
  name: string;
  payload: unknown;
  jobId: string;
}

type Rows = { [K in 'schedules' | 'backups' | 'restores' | 'verifications']?: Partial<Persistence[K]> };

/** Persistence that has nothing to do, but for what is given, and a queue that records its rings. */
function fakes(rows: Rows, onRing: (ring: Ring) => Promise<void> = async () => undefined) {
  const rings: Ring[] = [];
  const producer: Pick<Producer, 'ring'> = {
    ring: async (name, payload, { jobId }) => {
      rings.push({ name, payload, jobId });
      await onRing({ name, payload, jobId });
    },
  };
  const idle = { takeDue: async () => [], reapExpired: async () => [], takeSweepable: async () => [] };
  const persistence = {
    schedules: { ...idle, planMissing: async () => 0, forgetOldSlots: async () => 0, ...rows.schedules },
    backups: { ...idle, ...rows.backups },
    restores: { ...idle, ...rows.restores },
    verifications: { ...idle, plan: async () => 0, ...rows.verifications },
    retention: { applyDue: async () => [] },
  } as unknown as SchedulerDeps['persistence'];
  const deps: SchedulerDeps = {
    settings: settings(),
    logger: createLogger('test', 'silent'),
    persistence,
    producer,
    ids: { ...systemIds, random: () => 0.5 },
  };
  return { deps, rings };
}

const once =
  <T>(...batches: T[][]) =>
  async (): Promise<T[]> =>
    batches.shift() ?? [];

const due = (id: string, attempt = 1, refusals = 0): Due => ({ id, attempt, refusals, requestId: 'r' });
const never = new AbortController().signal;

describe('scheduler', () => {
  it('rings for due backups, restores and verifications under an id that holds the attempt, and how often it was refused', async () => {
    const { deps, rings } = fakes({
      backups: { takeDue: once([due('b', 3), due('c', 1, 2)]) },
      restores: { takeDue: once([due('r')]) },
      verifications: { takeDue: once([due('v')]) },
    });
    await dispatchBackups(deps, never);
    await dispatchRestores(deps, never);
    await dispatchVerifications(deps, never);
    expect(rings).to.deep.equal([
      { name: 'backup.run@1', payload: { backupId: 'b', requestId: 'r' }, jobId: 'backup-b-3' },
      { name: 'backup.run@1', payload: { backupId: 'c', requestId: 'r' }, jobId: 'backup-c-1-2' },
      { name: 'restore.run@1', payload: { restoreId: 'r', requestId: 'r' }, jobId: 'restore-r-1' },
      { name: 'verification.run@1', payload: { verificationId: 'v', requestId: 'r' }, jobId: 'verification-v-1' },
    ]);
  });

  it('rings for the sweep of an attempt that did not settle', async () => {
    const attempt = {
      backupId,
      attempt: 2,
      destinationId: 1,
      prefix: 'p/',
      worker: 'w',
      startedAt: new Date(0),
      endedAt: new Date(0),
      settled: false,
      bytes: 0,
      error: null,
      sweptAt: null,
    };
    const { deps, rings } = fakes({ backups: { takeSweepable: once([attempt]) } });
    await sweep(deps, never);
    expect(rings).to.deep.equal([
      {
        name: 'attempt.sweep@1',
        payload: { backupId, attempt: 2, requestId: null },
        jobId: `sweep-${backupId}-2`,
      },
    ]);
  });

  it('rings for the sweep of a verification, and has the periodic look as often as it is set', async () => {
    const ended = {
      verificationId: 'v',
      attempt: 2,
      worker: 'w',
      startedAt: new Date(0),
      endedAt: new Date(0),
      settled: false,
      bytes: 0,
      error: null,
      sweptAt: null,
    };
    const plans: number[][] = [];
    const plan = async (...asked: number[]) => plans.push(asked);
    const { deps, rings } = fakes({ verifications: { takeSweepable: once([ended]), plan } });
    await sweepVerifications(deps, never);
    await planVerifications(deps);
    const { HOLDFAST_RECHECK_SECONDS: recheck, HOLDFAST_MAX_FAILURES: maxFailures } = deps.settings;
    expect(plans).to.deep.equal([[100, recheck, maxFailures]]);
    expect(rings).to.deep.equal([
      { name: 'verification.sweep@1', payload: { verificationId: 'v', requestId: null }, jobId: 'sweep-v-2' },
    ]);
  });

  it('takes expired leases of every kind back with a delay of the retry base', async () => {
    const delays: number[] = [];
    const reapExpired = async (_limit: number, retryInSeconds: number) => {
      delays.push(retryInSeconds);
      return [];
    };
    const { deps } = fakes({ backups: { reapExpired }, restores: { reapExpired }, verifications: { reapExpired } });
    await reapBackups(deps, never);
    await reapRestores(deps, never);
    await reapVerifications(deps, never);
    const half = deps.settings.HOLDFAST_RETRY_BASE_SECONDS / 2;
    expect(delays).to.deep.equal([half * 1.5, half * 1.5, half * 1.5]);
  });

  it('rings in the order that was decided, one after the other', async () => {
    const inOrder = Array.from({ length: 20 }, (_, n) => due(`b${n}`));
    let [inside, most] = [0, 0];
    const { deps, rings } = fakes({ backups: { takeDue: once(inOrder) } }, async () => {
      inside += 1;
      most = Math.max(most, inside);
      await new Promise(setImmediate);
      inside -= 1;
    });
    await dispatchBackups(deps, never);
    expect(rings.map((ring) => ring.jobId)).to.deep.equal(inOrder.map(({ id }) => `backup-${id}-1`));
    expect(most).to.equal(1);
  });

  it('goes on with the other rows when the queue refuses one', async () => {
    const { deps, rings } = fakes({ backups: { takeDue: once([due('b1'), due('b2'), due('b3')]) } }, async (ring) => {
      if (ring.jobId === 'backup-b1-1') throw new Error('the queue is away');
    });
    await dispatchBackups(deps, never);
    expect(rings.map((ring) => ring.jobId)).to.have.members(['backup-b1-1', 'backup-b2-1', 'backup-b3-1']);
  });

  it('keeps ticking and reaping while the queue hangs and the restores cannot be read', async () => {
    let [ticks, reaps] = [0, 0];
    let release: () => void = () => undefined;
    const hanging = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { deps } = fakes(
      {
        schedules: {
          takeDue: async () => {
            ticks += 1;
            return [];
          },
        },
        backups: {
          takeDue: once([due('b')]),
          reapExpired: async () => {
            reaps += 1;
            return [];
          },
        },
        restores: { takeDue: () => Promise.reject(new Error('the database is away')) },
      },
      () => hanging,
    );
    const scheduler = startScheduler(deps);
    await until('turns of both', 10, () => ticks >= 5 && reaps >= 5);
    release();
    await scheduler.stop();
  });
});
