import { expect } from 'chai';
import { until } from '@holdfast/testing/until';
import { sourceDatabase } from './support/source.ts';
import { localDestination, register, useHoldfast } from './support/system.ts';

interface Protection {
  state: string;
  reasons: { code: string; action: string }[];
  since: string | null;
}

describe('protection', () => {
  const holdfast = useHoldfast(() => ({
    sentinel: true,
    env: { HOLDFAST_SILENT_SECONDS: '3', HOLDFAST_ALERT_SECONDS: '0.5' },
  }));

  it('is at risk within moments of the death of the only scheduler, with an alert, until one runs again', async () => {
    const { client, schedulers, startScheduler } = holdfast();
    const databaseId = await register(
      holdfast(),
      await sourceDatabase(),
      await localDestination(holdfast(), 'guarded'),
    );
    const schedule = { cron: '0 3 * * *' };
    await client.expect(201, 'POST', `/api/databases/${databaseId}/schedules`, schedule);
    const { id } = await client.backup(databaseId);
    await client.waitFor(id, ['done'], 20);

    let seen: unknown;
    const untilIs = (state: string, ...silent: string[]) =>
      until(
        `the database to be ${state}`,
        15,
        async () => {
          const path = `/api/databases/${databaseId}/protection`;
          const { protection } = await client.expect<{ protection: Protection }>(200, 'GET', path);
          const { alerts } = await client.expect<{
            alerts: { kind: string; severity: string; subject: { id: string } }[];
          }>(200, 'GET', '/api/alerts');
          const told = alerts.filter(({ kind }) => kind === 'service_silent').map(({ subject }) => subject.id);
          seen = { protection, alerts };
          // `since` tells that the sentinel sees the same.
          const isSo = protection.state === state && protection.since !== null;
          return isSo && JSON.stringify(told) === JSON.stringify(silent) ? protection : null;
        },
        () => JSON.stringify(seen),
      );

    expect((await untilIs('protected')).reasons).to.deep.equal([]);
    await schedulers[0]?.kill();
    const [reason] = (await untilIs('at_risk', 'scheduler')).reasons;
    expect(reason?.code).to.equal('scheduler_silent');
    expect(reason?.action).to.contain('Start the scheduler');
    await startScheduler();
    await untilIs('protected');
  });
});
