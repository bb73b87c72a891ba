import type { Protection } from '../../data/protection.ts';

type Counts = Protection['summary'];

const are = (count: number): string => (count === 1 ? 'is' : 'are');

/** The whole in one sentence: what is worst first. */
export function sentenceOf({ protected: safe, at_risk: risky, unprotected, unknown }: Counts): string {
  const all = safe + risky + unprotected + unknown;
  const unsafe = [
    unprotected > 0 && `${unprotected} of ${all} ${are(unprotected)} not protected`,
    risky > 0 && `${risky} ${are(risky)} at risk`,
    unknown > 0 && `${unknown} cannot be judged`,
  ].filter((part) => part !== false);
  if (all === 0) return 'There is no database yet.';
  if (unsafe.length === 0) return all === 1 ? 'The one database is protected.' : `All ${all} databases are protected.`;
  if (all === 1) return `The one database ${(unsafe[0] ?? '').replace(/^1( of 1)? /, '')}.`;
  const [first = '', ...rest] = unsafe;
  const subject =
    unprotected > 0 ? first.replace(/^(\d+) of (\d+)/, '$1 of $2 databases') : `Of ${all} databases ${first}`;
  return `${[subject, ...rest].join(', ')}.`;
}
