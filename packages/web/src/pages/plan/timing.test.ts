import { expect } from 'chai';
import { cronOf, newTiming, timingOf } from './timing.ts';

describe('the timing of a form', () => {
  const usual = newTiming('Europe/Paris');

  it('is every night at first', () => {
    expect(cronOf(usual)).to.equal('0 3 * * *');
  });

  it('comes back from its own expression as what was chosen', () => {
    for (const timing of [
      usual,
      { ...usual, preset: 'hourly', time: '00:17' },
      { ...usual, preset: 'weekly', time: '23:05', weekday: '6' },
      { ...usual, preset: 'own', cron: '*/15 9-17 * * 1-5' },
    ] as const) {
      const cron = cronOf(timing);
      expect(timingOf(cron, 'Europe/Paris')).to.deep.equal({ ...timing, cron });
    }
  });

  it('shows every other expression as it is', () => {
    for (const cron of ['0 3 1 * *', '0 * * * 1', '0 0 3 * * *', '0 3,15 * * *', '@daily', '']) {
      expect(timingOf(cron, 'UTC')).to.include({ preset: 'own', cron });
    }
  });

  it('is none without a time', () => {
    expect(cronOf({ ...usual, time: '' })).to.equal('');
  });
});
