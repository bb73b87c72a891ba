import type { Retention } from '../../data/schedules.ts';

export const keepingPresets = ['fortnight', 'year', 'everything', 'own'] as const;
type KeepingPreset = (typeof keepingPresets)[number];

/** Null: no such rule. */
export type Rules = Retention;
export type RuleName = keyof Rules;

/** What is kept, as a form holds it. */
export interface Keeping {
  preset: KeepingPreset;
  /** Those of `own`. */
  rules: Rules;
}

const none: Rules = {
  keep_last: null,
  keep_days: null,
  hourly: null,
  daily: null,
  weekly: null,
  monthly: null,
  yearly: null,
  minimum: null,
};

const presets: Record<Exclude<KeepingPreset, 'own'>, Rules> = {
  fortnight: { ...none, daily: 14 },
  year: { ...none, daily: 7, weekly: 4, monthly: 12 },
  everything: none,
};

export const newKeeping = (): Keeping => ({ preset: 'year', rules: presets.year });

export const rulesOf = ({ preset, rules }: Keeping): Rules => (preset === 'own' ? rules : presets[preset]);

const isSame = (one: Rules, other: Rules): boolean =>
  (Object.keys(none) as RuleName[]).every((name) => one[name] === other[name]);

/** The form of some rules: its preset where there is one. */
export function keepingOf(rules: Rules): Keeping {
  const found = keepingPresets.find((preset) => preset !== 'own' && isSame(presets[preset], rules));
  return { preset: found ?? 'own', rules };
}

const words: readonly (readonly [RuleName, (count: number) => string])[] = [
  ['keep_last', (count) => `the newest ${count}`],
  ['keep_days', (count) => `those of ${count} days`],
  ['hourly', (count) => `one of each of ${count} hours`],
  ['daily', (count) => `one of each of ${count} days`],
  ['weekly', (count) => `one of each of ${count} weeks`],
  ['monthly', (count) => `one of each of ${count} months`],
  ['yearly', (count) => `one of each of ${count} years`],
];

/** What some rules keep: `one of each of 7 days and the newest 3`. */
export function rulesInWords(rules: Rules): string {
  const parts = words.flatMap(([name, say]) => (rules[name] === null ? [] : [say(rules[name])]));
  if (parts.length === 0) return 'everything';
  const kept = new Intl.ListFormat('en').format(parts);
  return rules.minimum === null ? kept : `${kept}, and never fewer than ${rules.minimum} good ones`;
}
