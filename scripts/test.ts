import { parseArgs } from 'node:util';
import { ensureNewerDebian } from './lib/newer-debian.ts';
import { say } from './lib/run.ts';
import { runSuite, runSuiteApart, slowest, together, type Outcome } from './lib/suite.ts';
import { ensurePostgresqlClient, ensureTestTools } from './lib/tools.ts';

/**
 * Each in a process of its own, beside the others. Two of about equal length fill two cores: with more of their kind, what is
 * timed in them comes too late.
 */
const first: Part[] = [
  {
    name: 'services',
    specs: ['e2e/src/!(web)/**/*.test.ts', 'e2e/src/!(*outage*).test.ts', 'services/api/src/**/*.test.ts'],
  },
  {
    /** For outages, limits of time and the answers of others: they leave the cores to the rest. */
    name: 'waits',
    specs: ['e2e/src/*outage*.test.ts', 'packages/{queue,stores}/src/**/*.test.ts'],
  },
];
/** What needs all tools; the others begin while they are fetched. */
const second: Part = {
  name: 'packages',
  specs: [
    'packages/!(queue|stores)/src/**/*.test.ts',
    'services/!(api)/src/**/*.test.ts',
    'scripts/**/*.test.ts',
    'chaos/src/**/*.test.ts',
    'e2e/src/web/**/*.test.ts',
  ],
};

interface Part {
  name: string;
  specs: readonly string[];
}

const { values, positionals } = parseArgs({
  options: { grep: { type: 'string' }, bail: { type: 'boolean' } },
  allowPositionals: true,
});

ensurePostgresqlClient();
ensureTestTools();

const started = performance.now();
const common = { grep: values.grep, bail: values.bail ?? false };
const { passed, failed, skipped, matrix, seconds } = await (positionals.length > 0 ? runNamed() : runAll());
for (const line of matrix) process.stdout.write(`${line}\n`);
if (positionals.length === 0) for (const line of slowest(seconds, 25)) say(line);
say(`tests took ${((performance.now() - started) / 1000).toFixed(0)} s`);
for (const title of failed) say(`failed: ${title}`);
const inCi = Boolean(process.env['CI']);
if (inCi && skipped > 0) say('nothing may be skipped in CI: see above for what is missing');
const counts = `${passed} passed, ${failed.length} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
process.stdout.write(`${counts}\n`, () =>
  process.exit(failed.length > 0 || (inCi && skipped > 0) || passed === 0 ? 1 : 0),
);

async function runNamed(): Promise<Outcome> {
  await newerDebian();
  return runSuite({ specs: positionals, ...common });
}

async function runAll(): Promise<Outcome> {
  const begin = ({ name, specs }: Part): ReturnType<typeof runSuiteApart> => runSuiteApart(name, { specs, ...common });
  const begun = first.map(begin);
  await newerDebian();
  begun.push(begin(second));
  const ended: Outcome[] = [];
  for (const part of begun) {
    const { printed, ...outcome } = await part;
    process.stdout.write(printed);
    ended.push(outcome);
  }
  return together(ended);
}

async function newerDebian(): Promise<void> {
  try {
    await ensureNewerDebian();
  } catch (error) {
    say(`the tests that need programs newer than this system's are skipped: ${(error as Error).message}`);
  }
}
