import { z } from 'zod';

export const timeView = z.iso.datetime({ precision: 3 }).meta({
  id: 'Time',
  description: 'RFC 3339, UTC, with milliseconds.',
  examples: ['2026-11-20T03:00:00.178Z'],
});

/** RFC 3339 in UTC with milliseconds, null until reached. */
export function presentTime(at: Date): string;
export function presentTime(at: Date | null): string | null;
export function presentTime(at: Date | null): string | null {
  return at?.toISOString() ?? null;
}
