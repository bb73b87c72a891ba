import { parseArgs } from 'node:util';
import { say } from './lib/run.ts';
import { runSuite, runSuiteApart, type Counts } from './lib/suite.ts';
import { ensurePostgresqlClient, ensureTestTools } from './lib/tools.ts';

/** Half of the time of all, in a process of its own: those over real processes mostly wait. */
const half = ['e2e/src/**/*.test.ts', 'services/api/src/**/*.test.ts'];
const others = [
  'packages/*/src/**/*.test.ts',
  'services/!(api)/src/**/*.test.ts',
  'scripts/**/*.test.ts',
  'chaos/src/**/*.test.ts',
];

const { values, positionals } = parseArgs({
  options: { grep: { type: 'string' }, bail: { type: 'boolean' } },
  allowPositionals: true,
});

ensurePostgresqlClient();
ensureTestTools();

const started = performance.now();
const common = { grep: values.grep, bail: values.bail ?? false };
const { passed, failed, skipped } =
  positionals.length > 0 ? await runSuite({ specs: positionals, ...common }) : await runAll();
say(`tests took ${((performance.now() - started) / 1000).toFixed(0)} s`);
const inCi = Boolean(process.env['CI']);
if (inCi && skipped > 0) say('nothing may be skipped in CI: see above for what is missing');
process.stdout.write(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`, () =>
  process.exit(failed > 0 || (inCi && skipped > 0) || passed === 0 ? 1 : 0),
);

async function runAll(): Promise<Counts> {
  const apart = runSuiteApart({ specs: half, ...common });
  const here = await runSuite({ specs: others, ...common });
  say('the other half, which ran beside this one:');
  const { printed, ...there } = await apart;
  process.stdout.write(printed);
  return {
    passed: here.passed + there.passed,
    failed: here.failed + there.failed,
    skipped: here.skipped + there.skipped,
  };
}
