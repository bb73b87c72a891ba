import { environment } from '@holdfast/shared/config';
import { systemClock } from '@holdfast/shared/lifecycle';
import { hideBin } from 'yargs/helpers';
import { handOver } from './hand-over.ts';
import { runProgram } from './program.ts';

const args = hideBin(process.argv);
if (!(await handOver(args))) {
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort());
  // Whoever reads the result may have had enough, as `head` has.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  process.exitCode = await runProgram(args, {
    environment: environment(),
    out: process.stdout,
    err: process.stderr,
    input: process.stdin,
    signal: stopping.signal,
    now: () => systemClock.now(),
  });
}
