import { readFileSync } from 'node:fs';

/** The children of a process that run a program of that name. */
export function childrenOf(pid: number, program: string): number[] {
  return read(`/proc/${pid}/task/${pid}/children`)
    .split(' ')
    .filter((id) => id !== '' && read(`/proc/${id}/comm`).trim() === program)
    .map(Number);
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
