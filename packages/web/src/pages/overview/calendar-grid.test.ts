import { expect } from 'chai';
import { dayOf } from '../../kit/format.ts';
import { dayInWords, groupByDay, lastDays } from './calendar-grid.ts';

const slot = (hour: number, status: string, database = 'shop') => ({
  database_id: database,
  scheduled_for: new Date(2026, 10, 20, hour).toISOString(),
  status,
});

describe('the calendar of slots', () => {
  it('shows a day as its worst slot, and says how many there were of each', () => {
    const days = groupByDay([slot(1, 'done'), slot(2, 'error'), slot(3, 'done'), slot(4, 'missed')]);
    const day = days.get('shop')?.get('2026-11-20');
    expect(day?.worst).to.equal('error');
    expect(day && dayInWords(day)).to.equal('1 failed, 1 missed, 2 done');
  });

  it('keeps databases apart, and has nothing to say of a day without slots', () => {
    const days = groupByDay([slot(1, 'done'), slot(1, 'pending', 'wiki')]);
    expect(days.get('shop')?.get('2026-11-20')?.worst).to.equal('done');
    expect(days.get('wiki')?.get('2026-11-20')?.worst).to.equal('running');
    expect(days.get('shop')?.get('2026-11-19')).to.equal(undefined);
    expect(dayInWords({ worst: null, counts: {} })).to.equal('nothing planned');
  });

  it('counts days by the calendar, also over the end of a month and of summer time', () => {
    const days = lastDays(new Date(2026, 2, 2, 13), 3).map(dayOf);
    expect(days).to.deep.equal(['2026-02-28', '2026-03-01', '2026-03-02']);
    const autumn = lastDays(new Date(2026, 9, 26, 0, 30), 3).map(dayOf);
    expect(autumn).to.deep.equal(['2026-10-24', '2026-10-25', '2026-10-26']);
  });
});
