import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { releaseAll } from '@holdfast/testing/resources';
import { printable, runKills } from './campaign.ts';

const { values } = parseArgs({
  options: { seed: { type: 'string' }, moments: { type: 'string', default: '50' } },
});
const seed = values.seed ?? String(randomInt(1_000_000));
process.stdout.write(`seed ${seed}\n`);
const report = await runKills(seed, Number(values.moments), (line) => process.stdout.write(`${line}\n`));
process.stdout.write(`${printable(report)}\n`);
await releaseAll();
process.exit(report.violations.length > 0 ? 1 : 0);
