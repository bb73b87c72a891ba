import type { Persistence } from '@holdfast/persistence';
import { parseSettings } from '@holdfast/shared/config';
import { systemClock, systemIds } from '@holdfast/shared/lifecycle';
import { createLogger } from '@holdfast/shared/observability';
import { until } from '@holdfast/testing/until';
import { expect } from 'chai';
import { startSentinel } from './sentinel.ts';

describe('the sentinel', () => {
  it('judges and raises alerts with nothing but rows, and a judgement that fails keeps no alert back', async () => {
    const parsed = parseSettings({
      DATABASE_URL: 'postgres://127.0.0.1/nothing',
      HOLDFAST_SECRET_KEYS: `k:${Buffer.alloc(32).toString('base64')}`,
      HOLDFAST_ALERT_SECONDS: '0.01',
    });
    if ('problems' in parsed) throw new Error(parsed.problems.join(' '));
    const turns = { judged: 0, watched: 0 };
    const persistence = {
      protection: {
        record: async () => {
          turns.judged += 1;
          throw new Error('The records cannot be read.');
        },
      },
      alerts: {
        update: async () => {
          turns.watched += 1;
          return { raised: [], cleared: [] };
        },
      },
      notifications: new Proxy({}, { get: () => async () => null }),
    } as unknown as Persistence;
    const sentinel = startSentinel({
      settings: parsed.settings,
      logger: createLogger('sentinel', 'silent'),
      persistence,
      clock: systemClock,
      ids: systemIds,
    });
    await until('both to have had several turns', 15, () => turns.judged > 2 && turns.watched > 2);
    await sentinel.stop();
    const { judged } = turns;
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    expect(turns.judged, 'after it was stopped').to.equal(judged);
  });
});
