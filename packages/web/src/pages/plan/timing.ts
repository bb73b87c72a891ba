const timingPresets = ['hourly', 'daily', 'weekly', 'own'] as const;
type TimingPreset = (typeof timingPresets)[number];

/** When backups are made, as a form holds it: what the preset does not use is kept for another choice. */
export interface Timing {
  preset: TimingPreset;
  /** `HH:MM`; of `hourly` only the minutes count. */
  time: string;
  /** 0: Sunday. */
  weekday: string;
  /** The expression of `own`. */
  cron: string;
  timezone: string;
}

export const weekdays = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'] as const;

export const newTiming = (timezone: string): Timing => ({
  preset: 'daily',
  time: '03:00',
  weekday: '0',
  cron: '',
  timezone,
});

/** The expression that is meant; '' where none is. */
export function cronOf({ preset, time, weekday, cron }: Timing): string {
  if (preset === 'own') return cron.trim();
  const [, hour = '', minute = ''] = /^(\d\d):(\d\d)/.exec(time) ?? [];
  if (minute === '') return '';
  if (preset === 'hourly') return `${Number(minute)} * * * *`;
  return `${Number(minute)} ${Number(hour)} * * ${preset === 'weekly' ? weekday : '*'}`;
}

/** The form of an expression: its preset where there is one. */
export function timingOf(cron: string, timezone: string): Timing {
  const usual = newTiming(timezone);
  const [, minute = '', hour = '', weekday = ''] = /^(\d{1,2}) (\d{1,2}|\*) \* \* ([0-6]|\*)$/.exec(cron) ?? [];
  const time = `${hour === '*' ? '00' : hour.padStart(2, '0')}:${minute.padStart(2, '0')}`;
  if (minute === '' || (hour === '*' && weekday !== '*')) return { ...usual, preset: 'own', cron };
  if (hour === '*') return { ...usual, preset: 'hourly', time, cron };
  return weekday === '*'
    ? { ...usual, preset: 'daily', time, cron }
    : { ...usual, preset: 'weekly', time, weekday, cron };
}
