const units = ['KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** A size for people: three figures and a unit. */
export function bytesText(bytes: number | null): string {
  if (bytes === null) return '–';
  let [value, unit] = [bytes, 'B'];
  for (const next of units) {
    // What would be rounded to 1024 of a unit is one of the next.
    if (value < (unit === 'B' ? 1024 : 1023.5)) break;
    [value, unit] = [value / 1024, next];
  }
  return unit === 'B' || value >= 99.95 ? `${Math.round(value)} ${unit}` : `${value.toFixed(1)} ${unit}`;
}

const steps = [
  ['d', 86_400],
  ['h', 3600],
  ['min', 60],
  ['s', 1],
] as const;

/** A time span for people: its two largest units. @param seconds not negative */
export function durationText(seconds: number | null): string {
  if (seconds === null) return '–';
  let rest = Math.round(seconds);
  const parts: string[] = [];
  for (const [unit, size] of steps) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(`${count} ${unit}`);
    // The second unit is the one right below the first.
    else if (parts.length > 0) break;
    if (parts.length === 2) break;
  }
  return parts.length === 0 ? '0 s' : parts.join(' ');
}

/** When something was or is to be, seen from now. @param time RFC 3339 */
export function agoText(time: string | null, now: Date): string {
  if (time === null) return '–';
  const seconds = (now.getTime() - Date.parse(time)) / 1000;
  return seconds >= 0 ? `${largest(seconds)} ago` : `in ${largest(-seconds)}`;
}

const largest = (seconds: number): string => durationText(seconds).split(/(?<=[a-z]) /)[0] ?? '';

const two = (value: number): string => String(value).padStart(2, '0');

/** A point in time by the clock of this machine, to the minute. @param time RFC 3339 */
export function timeText(time: string | null): string {
  if (time === null) return '–';
  const at = new Date(time);
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day} ${two(at.getHours())}:${two(at.getMinutes())}`;
}
