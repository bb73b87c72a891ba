import { calendarPeriods } from './calendar.ts';
import { HoldfastError } from './errors.ts';
import type { RetentionPolicy } from './schedule.ts';

/** The rules of a policy; `minimum` is none, as alone it would ask for nothing to be removed. */
export const retentionRules = ['keepLast', 'keepDays', ...calendarPeriods] as const;
const fields: ReadonlySet<string> = new Set([...retentionRules, 'minimum']);

/** The largest value of any field of a policy; the smallest is 1. */
export const mostKept = 100_000;

export const hasRules = (policy: RetentionPolicy): boolean => retentionRules.some((rule) => policy[rule] !== undefined);

/** @returns what is wrong with a policy, in a sentence, or null */
export function retentionProblem(policy: RetentionPolicy): string | null {
  const given: [string, unknown][] = Object.entries(policy);
  for (const [field, value] of given) {
    // Of a newer version, perhaps: not to know a rule must never mean to remove what it keeps.
    if (!fields.has(field)) return `The retention policy has a field that is not known: ${field}.`;
    if (value === undefined) continue;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > mostKept) {
      return `The field ${field} of the retention policy must be a whole number from 1 to ${mostKept}.`;
    }
  }
  return null;
}

/** @throws HoldfastError configuration, when the policy is not valid */
export function requireRetention(policy: RetentionPolicy): void {
  const problem = retentionProblem(policy);
  if (problem !== null) throw new HoldfastError('configuration', problem);
}

const units = { hourly: 'hours', daily: 'days', weekly: 'weeks', monthly: 'months', yearly: 'years' } as const;

/** The rules for people: `the last 3, 7 days back, one of each of 12 months`. */
export function describeRetention(policy: RetentionPolicy): string {
  const { keepLast, keepDays } = policy;
  const parts: string[] = [];
  if (keepLast !== undefined) parts.push(`the last ${keepLast}`);
  if (keepDays !== undefined) parts.push(`${keepDays} days back`);
  for (const period of calendarPeriods) {
    if (policy[period] !== undefined) parts.push(`one of each of ${policy[period]} ${units[period]}`);
  }
  return parts.join(', ');
}
