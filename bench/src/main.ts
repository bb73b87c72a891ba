import { parseArgs } from 'node:util';
import { runBench } from './bench.ts';
import { runRoundTrip } from './round-trip/index.ts';
import { runWriters } from './writers.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    scale: { type: 'string', default: '0.1' },
    pairs: { type: 'string', default: '5' },
    source: { type: 'string' },
    runs: { type: 'string', default: '50' },
    clients: { type: 'string', default: '4' },
    engine: { type: 'string', default: 'postgresql' },
    gigabytes: { type: 'string', default: '5' },
  },
});
if (positionals[0] === 'writers') {
  const identical = await runWriters(Number(values.runs), Number(values.clients));
  process.exitCode = identical ? 0 : 1;
} else if (positionals[0] === 'round-trip') {
  const identical = await runRoundTrip(values.engine, Number(values.gigabytes));
  process.exitCode = identical ? 0 : 1;
} else {
  await runBench({ scale: Number(values.scale), pairs: Number(values.pairs), sqlFile: values.source ?? null });
}
