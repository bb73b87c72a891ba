import type { DamageBed } from './bed.ts';
import { mustBeWhole, tryDamage, type Sight } from './campaign.ts';
import { planDamages, type DamageCounts } from './damages.ts';
import { Random } from '../random.ts';

export interface DamageReport {
  seed: string;
  /** Damages by what was done, and by what it was done to: how many, and how many were found. */
  figures: Record<string, { tried: number; found: number }>;
  /** Restores of damaged backups that were tried: each failed, unless a violation says otherwise. */
  restores: number;
  violations: string[];
}

/**
 * Damages stored objects in as many ways as told, one after the other, and restores some of what was damaged.
 * @param restored how many of the damages are tried to be restored
 */
export async function runDamage(
  bed: DamageBed,
  { seed, counts, restored }: { seed: string; counts: DamageCounts; restored: number },
): Promise<DamageReport> {
  const damages = planDamages(new Random(seed).stream('damages'), bed.files, counts);
  const chosen = new Set(new Random(seed).stream('restores').shuffled(damages).slice(0, restored));
  const report: DamageReport = { seed, figures: {}, restores: 0, violations: [] };
  for (const damage of damages) add(report, await tryDamage(bed, damage, chosen.has(damage)));
  // What was mended is whole: then nothing but the damage was found each time.
  for (const whole of bed.backups) report.violations.push(...(await mustBeWhole(bed, whole)));
  return report;
}

function add(report: DamageReport, { damage, violations, restoresTried }: Sight): void {
  for (const name of [damage.how, `${damage.file.kind}, ${damage.file.backup}`]) {
    const figure = (report.figures[name] ??= { tried: 0, found: 0 });
    figure.tried += 1;
    if (violations.length === 0) figure.found += 1;
  }
  report.restores += restoresTried;
  report.violations.push(...violations);
}

/** The report, for people. */
export function printable({ seed, figures, restores, violations }: DamageReport): string {
  const rows = Object.entries(figures).map(([name, { tried, found }]) => `  ${name}: ${tried} tried, ${found} found`);
  return [
    `seed ${seed}`,
    ...rows,
    `  restores of what was damaged: ${restores} tried`,
    `${violations.length} violations`,
    ...violations.map((violation) => `  ${violation}`),
  ].join('\n');
}
