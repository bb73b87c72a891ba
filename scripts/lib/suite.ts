import { fork } from 'node:child_process';
import { globSync } from 'node:fs';
import { parseArgs } from 'node:util';
import Mocha from 'mocha';
import { mochaHooks } from '../../packages/testing/src/hooks.ts';
import { root } from './run.ts';

export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

export interface Suite {
  specs: readonly string[];
  grep: string | undefined;
  bail: boolean;
}

/** Runs the tests of some files in this process. */
export async function runSuite({ specs, grep, bail }: Suite): Promise<Counts> {
  const mocha = new Mocha({ timeout: 30_000, forbidOnly: true, reporter: 'spec', rootHooks: mochaHooks, bail });
  if (grep !== undefined) mocha.grep(grep);
  for (const file of globSync([...specs], { cwd: root })) mocha.addFile(`${root}/${file}`);
  await mocha.loadFilesAsync();
  return await new Promise((resolve) => {
    const runner = mocha.run((failed) => {
      const { passes: passed = 0, pending: skipped = 0 } = runner.stats ?? {};
      resolve({ passed, failed, skipped });
    });
  });
}

/** Runs them in a process of their own. @returns their counts, and what they printed */
export async function runSuiteApart(suite: Suite): Promise<Counts & { printed: string }> {
  const child = fork(import.meta.filename, [JSON.stringify(suite)], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      printed += chunk.toString();
    });
  }
  let counts: Counts | null = null;
  child.once('message', (message) => {
    counts = message as Counts;
  });
  await new Promise((resolve) => {
    child.once('close', resolve);
  });
  // One that died without a word has failed, whatever it had come to.
  return { ...(counts ?? { passed: 0, failed: 1, skipped: 0 }), printed };
}

if (process.argv[1] === import.meta.filename) {
  const [suite = ''] = parseArgs({ allowPositionals: true }).positionals;
  const counts = await runSuite(JSON.parse(suite) as Suite);
  process.send?.(counts, () => process.exit(counts.failed > 0 ? 1 : 0));
}
