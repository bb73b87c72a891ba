import { environment } from '@holdfast/shared/config';
import { systemClock } from '@holdfast/shared/lifecycle';
import { hideBin } from 'yargs/helpers';
import { handOver } from './hand-over.ts';
import { endOfOutput } from './output/broken.ts';
import { runProgram } from './program.ts';

const args = hideBin(process.argv);
if (!(await handOver(args))) {
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort());
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    const { exit, text } = endOfOutput(error);
    if (text !== null) process.stderr.write(`${text}\n`);
    process.exit(exit);
  });
  process.exitCode = await runProgram(args, {
    environment: environment(),
    out: process.stdout,
    err: process.stderr,
    input: process.stdin,
    signal: stopping.signal,
    now: () => systemClock.now(),
  });
}
