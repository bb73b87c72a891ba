import { parseSettings } from '@holdfast/shared/config';
import { systemIds } from '@holdfast/shared/lifecycle';
import { createLogger } from '@holdfast/shared/observability';
import { expect } from 'chai';
import { batchSize, type SchedulerDeps } from './deps.ts';
import { remove } from './remover.ts';

const never = new AbortController().signal;

/** A scheduler over backups that are to be removed, and what it rings. */
function schedulerOver(waiting: string[], onRing: (jobId: string) => void = () => undefined) {
  const parsed = parseSettings({
    DATABASE_URL: 'postgres://127.0.0.1/nothing',
    HOLDFAST_SECRET_KEYS: `k:${Buffer.alloc(32).toString('base64')}`,
    HOLDFAST_DELETE_AGAIN_SECONDS: '7',
  });
  if ('problems' in parsed) throw new Error(parsed.problems.join(' '));
  const rung: { name: string; payload: unknown; jobId: string }[] = [];
  const asked: [limit: number, againSeconds: number][] = [];
  const takeDeletable = async (limit: number, againSeconds: number) => {
    asked.push([limit, againSeconds]);
    return waiting.splice(0, limit).map((id) => ({ id, requestId: 'r' }));
  };
  const deps = {
    settings: parsed.settings,
    logger: createLogger('test', 'silent'),
    persistence: { backups: { takeDeletable } } as unknown as SchedulerDeps['persistence'],
    producer: {
      ring: async (name, payload, { jobId }) => {
        rung.push({ name, payload, jobId });
        onRing(jobId);
      },
    },
    ids: systemIds,
  } satisfies SchedulerDeps;
  return { deps, rung, asked };
}

describe('remover', () => {
  it('rings for the removal of each backup under an id of its own, and again after the configured while', async () => {
    const { deps, rung, asked } = schedulerOver(['a', 'b']);
    await remove(deps, never);
    expect(rung).to.deep.equal([
      { name: 'backup.delete@1', payload: { backupId: 'a', requestId: 'r' }, jobId: 'delete-a' },
      { name: 'backup.delete@1', payload: { backupId: 'b', requestId: 'r' }, jobId: 'delete-b' },
    ]);
    expect(asked).to.deep.equal([[batchSize, 7]]);
  });

  it('rings for a whole destination in one turn, and goes on when the queue refuses one', async () => {
    const backups = Array.from({ length: batchSize * 2 + 5 }, (_, n) => `b${n}`);
    const { deps, rung } = schedulerOver([...backups], (jobId) => {
      if (jobId === 'delete-b1') throw new Error('the queue is away');
    });
    await remove(deps, never);
    expect(rung.map(({ jobId }) => jobId)).to.have.members(backups.map((id) => `delete-${id}`));
  });
});
