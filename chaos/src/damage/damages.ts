import type { Random } from '../random.ts';

/** One stored object of one of the backups that are damaged. */
export interface StoredFile {
  backup: string;
  /** `manifest`, `dump`, `globals` or `content`, and whether it is encrypted. */
  kind: string;
  path: string;
  size: number;
}

export type Damage =
  | { how: 'flip'; file: StoredFile; bit: number }
  | { how: 'cut'; file: StoredFile; length: number }
  | { how: 'swap'; file: StoredFile; other: StoredFile }
  | { how: 'delete'; file: StoredFile };

export interface DamageCounts {
  flips: number;
  cuts: number;
  swaps: number;
  deletions: number;
}

/** What is done to which object. Every object is as likely as every other, however large it is. */
export function planDamages(random: Random, files: readonly StoredFile[], counts: DamageCounts): Damage[] {
  const pick = (): StoredFile => {
    const file = random.pick(files);
    if (!file) throw new Error('There is nothing to damage.');
    return file;
  };
  const times = <T>(count: number, make: () => T): T[] => Array.from({ length: count }, make);
  return [
    ...times<Damage>(counts.flips, () => {
      const file = pick();
      return { how: 'flip', file, bit: random.int(0, file.size * 8 - 1) };
    }),
    ...times<Damage>(counts.cuts, () => {
      const file = pick();
      return { how: 'cut', file, length: random.int(0, file.size - 1) };
    }),
    ...times<Damage>(counts.swaps, () => {
      const file = pick();
      const other = random.pick(files.filter(({ path }) => path !== file.path)) ?? file;
      return { how: 'swap', file, other };
    }),
    ...times<Damage>(counts.deletions, () => ({ how: 'delete', file: pick() })),
  ];
}

/** What was done, for people. */
export function describeDamage(damage: Damage): string {
  const { how, file } = damage;
  const what = `${file.kind} of ${file.backup} (${file.size} bytes)`;
  if (how === 'flip') return `bit ${damage.bit} of the ${what} flipped`;
  if (how === 'cut') return `the ${what} cut to ${damage.length} bytes`;
  if (how === 'swap') return `the ${what} swapped with the ${damage.other.kind} of ${damage.other.backup}`;
  return `the ${what} deleted`;
}
