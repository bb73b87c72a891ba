import { join } from 'node:path';
import { root, runProgram } from './lib/run.ts';

process.exit(await runProgram(join(root, 'node_modules/.bin/prettier'), ['--write', '--log-level=warn', '.']));
