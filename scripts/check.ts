import { parseArgs } from 'node:util';
import { join } from 'node:path';
import { root, runProgram, say } from './lib/run.ts';

/** Everything that is wrong with the source without running it. Cycles and layer breaks are lint rules. */
const checks: readonly [what: string, program: string, ...parameters: string[]][] = [
  ['format', 'prettier', '--check', '--log-level=warn', '.'],
  ['types', 'tsc', '--project', 'tsconfig.json'],
  ['lint, layers and cycles', 'oxlint', '--quiet', '--deny-warnings'],
  ['dead code', 'knip', '--no-progress'],
];

parseArgs({ options: {} });
let failed = 0;
for (const [what, program, ...parameters] of checks) {
  const code = await runProgram(join(root, 'node_modules/.bin', program), parameters);
  say(`${what}: ${code === 0 ? 'ok' : 'failed'}`);
  if (code !== 0) failed += 1;
}
process.exit(failed > 0 ? 1 : 0);
