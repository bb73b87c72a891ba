import { runDemo } from './demo.ts';
import { readOptions } from './options.ts';

try {
  process.exitCode = (await runDemo(readOptions(process.argv.slice(2), process.env))) ? 0 : 1;
} catch (error) {
  process.stderr.write(`\n${(error as Error).message}\n`);
  process.exitCode = 1;
}
