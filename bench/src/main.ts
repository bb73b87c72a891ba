import { parseArgs } from 'node:util';
import { runBench } from './bench.ts';

const { values } = parseArgs({
  options: {
    scale: { type: 'string', default: '0.1' },
    pairs: { type: 'string', default: '5' },
    source: { type: 'string' },
  },
});
await runBench({ scale: Number(values.scale), pairs: Number(values.pairs), sqlFile: values.source ?? null });
