const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;

/** Decimal units, as stores bill them: `1.2 GB`. */
export function formatBytes(bytes: number): string {
  let value = Math.abs(bytes);
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : 1;
  return `${bytes < 0 ? '−' : ''}${value.toFixed(digits)} ${units[unit]}`;
}

const steps = [
  { seconds: 86_400, name: 'd' },
  { seconds: 3600, name: 'h' },
  { seconds: 60, name: 'min' },
  { seconds: 1, name: 's' },
] as const;

/** The two largest units: `2 h 5 min`, `3 d`, `0.4 s`. */
export function formatDuration(seconds: number): string {
  if (seconds < 0) return `−${formatDuration(-seconds)}`;
  if (seconds < 9.95) return `${Number(seconds.toFixed(1))} s`;
  let rest = Math.round(seconds);
  const parts: string[] = [];
  for (const step of steps) {
    const count = Math.floor(rest / step.seconds);
    rest -= count * step.seconds;
    if (count > 0) parts.push(`${count} ${step.name}`);
    else if (parts.length > 0) break;
    if (parts.length === 2) break;
  }
  return parts.join(' ');
}

/** One unit, for a distance in time: `5 minutes ago`, `in 3 days`. */
export function formatRelative(at: Date, now: Date): string {
  const seconds = (at.getTime() - now.getTime()) / 1000;
  const size = Math.abs(seconds);
  const words = new Intl.RelativeTimeFormat('en', { numeric: 'always' });
  if (size < 45) return seconds > 5 ? 'in a moment' : 'just now';
  if (size < 45 * 60) return words.format(Math.round(seconds / 60), 'minute');
  if (size < 48 * 3600) return words.format(Math.round(seconds / 3600), 'hour');
  if (size < 45 * 86_400) return words.format(Math.round(seconds / 86_400), 'day');
  if (size < 500 * 86_400) return words.format(Math.round(seconds / 2_629_800), 'month');
  return words.format(Math.round(seconds / 31_557_600), 'year');
}

const dayAndTime = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' });
const exact = new Intl.DateTimeFormat('en-GB', { dateStyle: 'full', timeStyle: 'long' });
const day = new Intl.DateTimeFormat('en-GB', { weekday: 'short', day: 'numeric', month: 'short' });

/** In the reader's time zone: `2 Sept 2026, 03:00`. */
export const formatTime = (at: Date): string => dayAndTime.format(at);
/** In the reader's time zone, with its name. */
export const formatExactTime = (at: Date): string => exact.format(at);
/** `Wed 2 Sept`. */
export const formatDay = (at: Date): string => day.format(at);

/** A day of the reader's calendar: `2026-11-20`. */
export function dayOf(at: Date): string {
  const two = (part: number): string => String(part).padStart(2, '0');
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}

/** `1 backup`, `2 backups`. */
export const countOf = (count: number, one: string, many = `${one}s`): string =>
  `${count.toLocaleString('en')} ${count === 1 ? one : many}`;
