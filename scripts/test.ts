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
    /** For outages, limits of time and the answers of others: most of them leave the cores to the rest. */
    name: 'waits',
    specs: ['e2e/src/*outage*.test.ts', 'packages/{queue,stores}/src/**/*.test.ts', 'e2e/src/web/**/*.test.ts'],
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
  ],
};
/** More failures than these are no matter of a busy machine. */
const mostAgain = 5;

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
for (const { title } of failed) say(`failed: ${title}`);
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
  return again(together(ended));
}

/**
 * Runs the files of what failed again, alone: a test that passes then is named as unsteady, for somebody to find out whether it
 * or what it tests is at fault, and counts as passed.
 */
async function again(all: Outcome): Promise<Outcome> {
  const files = [...new Set(all.failed.map(({ file }) => file))].filter((file) => file !== null);
  const isBusyness = all.failed.length <= mostAgain && all.failed.every(({ file }) => file !== null);
  if (files.length === 0 || !isBusyness || common.bail) return all;
  // An empty pattern, as the matrix of a few engines would have gaps.
  const { printed, failed } = await runSuiteApart('again', { specs: files, grep: common.grep ?? '', bail: false });
  process.stdout.write(printed);
  const titles = new Set(failed.map(({ title }) => title));
  const unsteady = all.failed.filter(({ title }) => !titles.has(title));
  for (const { title } of unsteady) say(`unsteady: failed beside the others, passed alone: ${title}`);
  return { ...all, passed: all.passed + unsteady.length, failed };
}

async function newerDebian(): Promise<void> {
  try {
    await ensureNewerDebian();
  } catch (error) {
    say(`the tests that need programs newer than this system's are skipped: ${(error as Error).message}`);
  }
}
