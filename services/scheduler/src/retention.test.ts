import type { Retained } from '@holdfast/persistence';
import { parseSettings } from '@holdfast/shared/config';
import { systemIds } from '@holdfast/shared/lifecycle';
import { createLogger } from '@holdfast/shared/observability';
import { expect } from 'chai';
import { batchSize, type SchedulerDeps } from './deps.ts';
import { retain } from './retention.ts';

const retained = (scheduleId: string): Retained => ({ scheduleId, marked: [], takenBack: [] });

describe('retention in the scheduler', () => {
  it('applies every policy that is due in one turn, with the configured times', async () => {
    const parsed = parseSettings({
      DATABASE_URL: 'postgres://127.0.0.1/nothing',
      HOLDFAST_SECRET_KEYS: `k:${Buffer.alloc(32).toString('base64')}`,
      HOLDFAST_RETENTION_SECONDS: '7',
      HOLDFAST_DELETION_GRACE_SECONDS: '0',
    });
    if ('problems' in parsed) throw new Error(parsed.problems.join(' '));
    const due = Array.from({ length: batchSize + 5 }, (_, index) => retained(`s${index}`));
    const asked: number[][] = [];
    const applyDue = async (limit: number, againSeconds: number, graceSeconds: number) => {
      asked.push([limit, againSeconds, graceSeconds]);
      return due.splice(0, limit);
    };
    const deps: SchedulerDeps = {
      settings: parsed.settings,
      logger: createLogger('test', 'silent'),
      persistence: { retention: { applyDue } } as unknown as SchedulerDeps['persistence'],
      producer: { ring: async () => undefined },
      ids: systemIds,
    };
    await retain(deps, new AbortController().signal);
    expect(due).to.deep.equal([]);
    expect(asked).to.deep.equal([
      [batchSize, 7, 0],
      [batchSize, 7, 0],
    ]);
  });
});
