import { globSync } from 'node:fs';
import { parseArgs } from 'node:util';
import Mocha from 'mocha';
import { mochaHooks } from '../packages/testing/src/hooks.ts';
import { root, say } from './lib/run.ts';
import { ensurePostgresqlClient, ensureTestTools } from './lib/tools.ts';

const specs = [
  'packages/*/src/**/*.test.ts',
  'services/*/src/**/*.test.ts',
  'scripts/**/*.test.ts',
  'e2e/src/**/*.test.ts',
];

const { values, positionals } = parseArgs({
  options: { grep: { type: 'string' }, bail: { type: 'boolean' } },
  allowPositionals: true,
});

ensurePostgresqlClient();
ensureTestTools();

const mocha = new Mocha({
  timeout: 30_000,
  forbidOnly: true,
  reporter: 'spec',
  rootHooks: mochaHooks,
  bail: values.bail ?? false,
});
if (values.grep !== undefined) mocha.grep(values.grep);
for (const file of globSync(positionals.length > 0 ? positionals : specs, { cwd: root }))
  mocha.addFile(`${root}/${file}`);
await mocha.loadFilesAsync();

const started = performance.now();
const runner = mocha.run((failures) => {
  const { passes = 0, pending = 0 } = runner.stats ?? {};
  say(`tests took ${((performance.now() - started) / 1000).toFixed(0)} s`);
  const inCi = Boolean(process.env['CI']);
  if (inCi && pending > 0) say('nothing may be skipped in CI: see above for what is missing');
  process.stdout.write(`${passes} passed, ${failures} failed${pending > 0 ? `, ${pending} skipped` : ''}\n`, () =>
    process.exit(failures > 0 || (inCi && pending > 0) || passes === 0 ? 1 : 0),
  );
});
