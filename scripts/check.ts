import { parseArgs } from 'node:util';
import { join } from 'node:path';
import { writeClientTypes } from './lib/client.ts';
import { root, runProgram, say } from './lib/run.ts';

/** Everything that is wrong with the source without running it. Cycles and layer breaks are lint rules. */
const checks: readonly [what: string, program: string, ...parameters: string[]][] = [
  ['format', 'prettier', '--check', '--log-level=warn', '.'],
  ['types', 'tsc', '--project', 'tsconfig.json'],
  ['types of the web page', 'tsc', '--project', 'packages/web/tsconfig.json'],
  ['lint, layers and cycles', 'oxlint', '--quiet', '--deny-warnings'],
  ['dead code', 'knip', '--no-progress'],
];

parseArgs({ options: {} });
await writeClientTypes();
let failed = 0;
for (const [what, program, ...parameters] of checks) {
  const code = await runProgram(join(root, 'node_modules/.bin', program), parameters);
  say(`${what}: ${code === 0 ? 'ok' : 'failed'}`);
  if (code !== 0) failed += 1;
}
process.exit(failed > 0 ? 1 : 0);
