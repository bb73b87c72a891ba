import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { releaseAll } from '@holdfast/testing/resources';
import { openDamageBed } from './bed.ts';
import { printable, runDamage } from './report.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    flips: { type: 'string', default: '200' },
    cuts: { type: 'string', default: '50' },
    swaps: { type: 'string', default: '10' },
    deletions: { type: 'string', default: '10' },
    restores: { type: 'string', default: '30' },
  },
});
const seed = values.seed ?? String(randomInt(1_000_000));
const counts = {
  flips: Number(values.flips),
  cuts: Number(values.cuts),
  swaps: Number(values.swaps),
  deletions: Number(values.deletions),
};
const report = await runDamage(await openDamageBed(), { seed, counts, restored: Number(values.restores) });
process.stdout.write(`${printable(report)}\n`);
await releaseAll();
process.exit(report.violations.length > 0 ? 1 : 0);
