import { readFileSync } from 'node:fs';
import type { Holdfast, Service } from '@holdfast/testing/services';

/** The children of a process that run a program of that name. */
export function childrenOf(pid: number, program: string): number[] {
  return read(`/proc/${pid}/task/${pid}/children`)
    .split(' ')
    .filter((id) => id !== '' && read(`/proc/${id}/comm`).trim() === program)
    .map(Number);
}

/** The worker that runs a dump. */
export function busyWorker({ workers }: Holdfast): Service {
  const busy = workers.find(({ pid }) => childrenOf(pid, 'pg_dump').length > 0);
  if (!busy) throw new Error('No worker runs a dump.');
  return busy;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
