import { expect } from 'chai';
import { until } from '@holdfast/testing/until';
import { sourceDatabase } from './support/source.ts';
import { localDestination, register, useHoldfast } from './support/system.ts';

describe('a schedule', () => {
  const holdfast = useHoldfast(() => ({ schedulers: 2 }));

  it('makes exactly one backup a tick with two schedulers, also when one of them is killed', async () => {
    const { client, database, schedulers } = holdfast();
    const databaseId = await register(holdfast(), await sourceDatabase(), await localDestination(holdfast(), 'ticks'));
    const path = `/api/databases/${databaseId}/schedules`;
    const { schedule } = await client.expect<{ schedule: { id: string } }>(201, 'POST', path, {
      cron: '*/2 * * * * *',
      overlap: 'queue',
      catch_up: 'all',
    });
    const ticks = async (): Promise<number[]> => {
      const rows = await database.query(
        `select scheduled_for as at from holdfast.backups where schedule_id = '${schedule.id}' order by 1`,
      );
      return rows.map(({ at }) => (at as Date).getTime());
    };
    const many = (count: number) => until(`${count} ticks`, 20, async () => (await ticks()).length >= count);
    await many(3);
    await schedulers[0]?.kill();
    await many(7);
    await client.expect(200, 'PATCH', `${path}/${schedule.id}`, { enabled: false });

    const times = await ticks();
    const [first = 0] = times;
    expect(first % 2000).to.equal(0);
    expect(times).to.deep.equal(times.map((_, n) => first + n * 2000));
    await until('every tick to be done', 20, async () => {
      const rows = await database.query(
        `select status, attempt, method from holdfast.backups where schedule_id = '${schedule.id}' and status <> 'done'`,
      );
      return rows.length === 0;
    });
    const { slots, next } = await client.expect<{ slots: Record<string, string>[]; next: unknown[] }>(
      200,
      'GET',
      `${path}/${schedule.id}/slots`,
    );
    expect(next).to.deep.equal([]);
    // One that was due when the schedule was switched off has no backup.
    const made = slots.filter(({ reason }) => reason !== 'disabled');
    expect(made.map(({ status }) => status)).to.deep.equal(times.map(() => 'done'));
    expect(made.map(({ scheduled_for: at }) => Date.parse(at ?? ''))).to.deep.equal(times.toReversed());
  });
});
