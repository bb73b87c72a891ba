import { readdirSync, readFileSync } from 'node:fs';

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** The children of a process, or those that run a program of that name. */
export function childrenOf(pid: number, program?: string): number[] {
  return read(`/proc/${pid}/task/${pid}/children`)
    .split(' ')
    .filter((id) => id !== '' && (program === undefined || programOf(Number(id)) === program))
    .map(Number);
}

export function programOf(pid: number): string {
  return read(`/proc/${pid}/comm`).trim();
}

/** Every process of this machine whose environment has exactly this entry. */
export function processesWith(entry: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && read(`/proc/${name}/environ`).split('\0').includes(entry))
    .map(Number);
}

/** Resident memory of a process, in bytes. */
export function memoryOf(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0) * 1024;
}
