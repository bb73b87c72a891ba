import { execFile } from 'node:child_process';
import { statSync } from 'node:fs';
import { promisify } from 'node:util';
import type { ServiceName } from '@holdfast/testing/services';
import { until } from '@holdfast/testing/until';
import { leaseSeconds, type Bed } from '../bed/bed.ts';
import type { ServicePlace } from '../bed/service.ts';
import { childrenOf } from '../bed/proc.ts';
import type { FaultKind } from './kind.ts';

function place({ services }: Bed, name: string): ServicePlace {
  const found = services.find((service) => service.name === name);
  if (!found) throw new Error(`There is no service ${name}.`);
  return found;
}

const run = promisify(execFile);

const aimAt =
  (...kinds: readonly ServiceName[]): FaultKind['aim'] =>
  ({ services }, random) =>
    random.pick(services.filter(({ kind }) => kinds.includes(kind)))?.name ?? '';

const kill = (kind: ServiceName, weight: number): FaultKind => ({
  name: `kill -9 ${kind}`,
  weight,
  leastMs: 50,
  mostMs: 1500,
  aim: aimAt(kind),
  strike: async (bed, target) => {
    const service = place(bed, target);
    await service.kill();
    return () => service.start();
  },
});

const deploy: FaultKind = {
  name: 'SIGTERM and start again',
  weight: 3,
  leastMs: 0,
  mostMs: 300,
  aim: aimAt('api', 'scheduler', 'sentinel', 'worker'),
  strike: async (bed, target) => {
    const service = place(bed, target);
    await service.terminate();
    return () => service.start();
  },
};

const pause = (kind: ServiceName, weight: number, leastMs: number, mostMs: number): FaultKind => ({
  name: `SIGSTOP ${kind}`,
  weight,
  leastMs,
  mostMs,
  aim: aimAt(kind),
  strike: async (bed, target) => {
    const service = place(bed, target);
    if (service.pid === null) return null;
    service.signal('SIGSTOP');
    return () => service.signal('SIGCONT');
  },
});

const patienceSeconds = 6;

/** Waits for a client program to be there, so that it is hit in its work. */
const killClient = (program: string, weight: number): FaultKind => ({
  name: `kill -9 ${program}`,
  weight,
  leastMs: 0,
  mostMs: 0,
  aim: () => program,
  strike: async ({ services }, _target, random) => {
    const workers = services.filter(({ kind }) => kind === 'worker');
    const clients = (): number[] => workers.flatMap(({ pid }) => (pid === null ? [] : childrenOf(pid, program)));
    const found = await until(`a ${program}`, patienceSeconds, () => random.pick(clients()), undefined, 20).catch(
      () => null,
    );
    if (found === null) return null;
    try {
      process.kill(found, 'SIGKILL');
    } catch {
      return null;
    }
    return () => undefined;
  },
});

const roomForLog = 256 * 1024;

/** A quota: the worker can write no file any longer than its log, which has to go on. */
const limitFiles: FaultKind = {
  name: 'limit the size of files',
  weight: 2,
  leastMs: 500,
  mostMs: 3000,
  aim: aimAt('worker'),
  strike: async (bed, target) => {
    const { pid } = place(bed, target);
    if (pid === null) return null;
    const limit = (bytes: string): Promise<unknown> => run('prlimit', [`--pid=${pid}`, `--fsize=${bytes}:unlimited`]);
    await limit(String(statSync(bed.journal.logOf(target)).size + roomForLog));
    // It may have ended meanwhile, and its limit with it.
    return () => void limit('unlimited').catch(() => undefined);
  },
};

const lease = leaseSeconds * 1000;
/** For so long a sentinel has a channel to itself. */
const channelLeaseMs = 30_000;

export const processFaults: readonly FaultKind[] = [
  kill('worker', 10),
  kill('scheduler', 5),
  kill('api', 4),
  kill('sentinel', 5),
  deploy,
  pause('worker', 5, lease + 500, lease + 3000),
  pause('scheduler', 2, 1000, 4000),
  pause('api', 2, 500, 3000),
  pause('sentinel', 1, channelLeaseMs + 500, channelLeaseMs + 3000),
  killClient('pg_dump', 8),
  killClient('pg_restore', 5),
  limitFiles,
];
