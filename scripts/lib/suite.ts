import { fork } from 'node:child_process';
import { closeSync, globSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import Mocha from 'mocha';
import { conformanceMatrix, missing } from '../../packages/testing/src/engines/index.ts';
import { mochaHooks } from '../../packages/testing/src/hooks.ts';
import { privateFolder, root } from './run.ts';

export interface Outcome {
  passed: number;
  skipped: number;
  failed: Failure[];
  /** Engines by what they were put to, line by line; empty where no engine was. */
  matrix: string[];
  /** Seconds by file. */
  seconds: Record<string, number>;
}

interface Failure {
  /** The whole title of the test. */
  title: string;
  /** Null where it is none of a file. */
  file: string | null;
}

export interface Suite {
  specs: readonly string[];
  grep: string | undefined;
  bail: boolean;
}

/** As when Mocha is called by hand. */
function settings(): Mocha.MochaOptions {
  const { timeout, forbidOnly } = JSON.parse(readFileSync(join(root, '.mocharc.json'), 'utf8')) as Mocha.MochaOptions;
  return { timeout, forbidOnly };
}

/** Runs the tests of some files in this process. */
export async function runSuite({ specs, grep, bail }: Suite): Promise<Outcome> {
  const mocha = new Mocha({ ...settings(), reporter: 'spec', rootHooks: mochaHooks, bail });
  if (grep !== undefined) mocha.grep(grep);
  for (const file of globSync([...specs], { cwd: root })) mocha.addFile(`${root}/${file}`);
  await mocha.loadFilesAsync();
  return await new Promise((resolve) => {
    const failed: Failure[] = [];
    const seconds: Record<string, number> = {};
    const runner = mocha.run(() => {
      const { passes: passed = 0, pending: skipped = 0 } = runner.stats ?? {};
      const matrix = conformanceMatrix();
      if (grep === undefined && !bail && matrix.some((line) => line.includes(missing)))
        failed.push({ title: 'the matrix of engines has no gap', file: null });
      resolve({ passed, failed, skipped, matrix, seconds });
    });
    measureFiles(runner, seconds);
    runner.on('fail', (test) => {
      const file = test.file ?? test.parent?.file;
      failed.push({ title: test.fullTitle(), file: file === undefined ? null : relative(root, file) });
    });
  });
}

function measureFiles(runner: Mocha.Runner, seconds: Outcome['seconds']): void {
  const begun = new Map<Mocha.Suite, number>();
  runner.on('suite', (suite) => {
    if (suite.parent?.root) begun.set(suite, performance.now());
  });
  runner.on('suite end', (suite) => {
    const from = begun.get(suite);
    if (from === undefined || suite.file === undefined) return;
    const file = relative(root, suite.file);
    seconds[file] = (seconds[file] ?? 0) + (performance.now() - from) / 1000;
  });
}

/** The files that took longest, with their seconds. */
export const slowest = (seconds: Outcome['seconds'], count: number): string[] =>
  Object.entries(seconds)
    .sort(([, one], [, other]) => other - one)
    .slice(0, count)
    .map(([file, taken]) => `${taken.toFixed(0).padStart(4)} s  ${file}`);

/**
 * Runs them in a process of their own, which prints to `.holdfast/tests/<name>.log`.
 * @returns what came of them, and what they printed
 */
export async function runSuiteApart(name: string, suite: Suite): Promise<Outcome & { printed: string }> {
  const log = join(privateFolder, 'tests', `${name}.log`);
  mkdirSync(dirname(log), { recursive: true });
  const file = openSync(log, 'w');
  const child = fork(import.meta.filename, [JSON.stringify(suite)], {
    cwd: root,
    stdio: ['ignore', file, file, 'ipc'],
  });
  let outcome: Outcome | null = null;
  child.once('message', (message) => {
    outcome = message as Outcome;
  });
  await new Promise((resolve) => {
    child.once('close', resolve);
  });
  closeSync(file);
  // One that died without a word has failed, whatever it had come to.
  const died = {
    passed: 0,
    skipped: 0,
    failed: [{ title: `the process of ${suite.specs.join(', ')} died`, file: null }],
    matrix: [],
    seconds: {},
  };
  return { ...(outcome ?? died), printed: readFileSync(log, 'utf8') };
}

/** What came of several suites together. */
export const together = (outcomes: readonly Outcome[]): Outcome => ({
  passed: outcomes.reduce((sum, { passed }) => sum + passed, 0),
  skipped: outcomes.reduce((sum, { skipped }) => sum + skipped, 0),
  failed: outcomes.flatMap(({ failed }) => failed),
  matrix: outcomes.flatMap(({ matrix }) => matrix),
  seconds: Object.assign({}, ...outcomes.map(({ seconds }) => seconds)) as Outcome['seconds'],
});

if (process.argv[1] === import.meta.filename) {
  const [suite = ''] = parseArgs({ allowPositionals: true }).positionals;
  const outcome = await runSuite(JSON.parse(suite) as Suite);
  process.send?.(outcome, () => process.exit(outcome.failed.length > 0 ? 1 : 0));
}
