import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { handBackSeconds } from '../../services/worker/src/worker.ts';
import { root } from './run.ts';

/**
 * Seconds after which a service has ended by itself, by force at last, when it is told to stop.
 * @param setting its HOLDFAST_GRACE_SECONDS, where it is set
 */
export function ownGraceSeconds(service: string, setting: string | undefined): number {
  const table = readFileSync(join(root, 'docs/configuration.md'), 'utf8');
  const usual = /^\| `HOLDFAST_GRACE_SECONDS` +\| `(\d+)`/m.exec(table)?.[1];
  const seconds = Number(setting ?? usual);
  if (service !== 'worker') return seconds;
  const main = readFileSync(join(root, 'services/worker/src/main.ts'), 'utf8');
  return seconds + handBackSeconds + Number(/closeSeconds = (\d+)/.exec(main)?.[1]);
}
