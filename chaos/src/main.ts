import { mkdtempSync } from 'node:fs';
import { randomInt } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { releaseAll } from '@holdfast/testing/resources';
import { backends, runCampaign } from './campaign.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    backend: { type: 'string', default: 'both' },
    faults: { type: 'string' },
    seconds: { type: 'string' },
    sample: { type: 'string', default: '60' },
    keep: { type: 'boolean', default: false },
  },
});

const chosen = backends.filter((backend) => values.backend === backend || values.backend === 'both');
if (chosen.length === 0) throw new Error(`--backend is one of ${backends.join(', ')}, both.`);
const faults = Number(values.faults ?? (values.seconds === undefined ? 170 : Number.MAX_SAFE_INTEGER));
const seconds = Number(values.seconds ?? 3600);
const seed = values.seed ?? String(randomInt(1_000_000));
process.stdout.write(`seed ${seed}\n`);

const stop = (): void => {
  void releaseAll().finally(() => process.exit(130));
};
process.once('SIGINT', stop);
process.once('SIGTERM', stop);

let violations = 0;
for (const backend of chosen) {
  const folder = mkdtempSync(join(tmpdir(), `holdfast-chaos-${backend}-`));
  violations += await runCampaign({
    seed,
    backend,
    faults,
    seconds,
    folder,
    keep: values.keep,
    sample: Number(values.sample),
  });
}
await releaseAll();
process.exit(violations > 0 ? 1 : 0);
