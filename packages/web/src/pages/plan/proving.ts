import type { Schedule } from '../../data/schedules.ts';

type Verification = NonNullable<Schedule['verification']>;
type Level = Verification['level'];

/** How backups are proven, as a form holds it. */
export interface Proving {
  level: Level | 'none';
  every: 'each' | 'weekly' | 'some';
  /** Of `some`: one of so many. */
  count: number | null;
}

export const newProving = (level: Proving['level'] = 'identical'): Proving => ({ level, every: 'each', count: 10 });

const everyOf = ({ every, count }: Proving): number | 'weekly' =>
  every === 'some' ? (count ?? 0) : every === 'each' ? 1 : every;

/** @param scratch whose server the scratch databases are made on; null: the backup's own */
export const verificationOf = (proving: Proving, scratch: string | null = null): Verification | null =>
  proving.level === 'none' ? null : { level: proving.level, every: everyOf(proving), scratch_database_id: scratch };

export function provingOf(verification: Verification | null): Proving {
  if (!verification) return newProving('none');
  const { level, every } = verification;
  if (every === 'weekly' || every === 1) return { ...newProving(level), every: every === 1 ? 'each' : every };
  return { level, every: 'some', count: every };
}

/** `identical, each backup`. */
export function provingInWords(verification: Verification | null): string {
  if (!verification) return 'by hand alone';
  const { level, every } = verification;
  const often = every === 'weekly' ? 'one a week' : every === 1 ? 'each backup' : `one of every ${every} backups`;
  return `${level}, ${often}`;
}
