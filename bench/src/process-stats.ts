import { readFileSync, writeFileSync } from 'node:fs';

/** Clock ticks a second in /proc; Linux reports 100 everywhere (sysconf _SC_CLK_TCK). */
const ticksPerSecond = 100;

/** CPU seconds of a process and of its children that have ended (proc(5): utime, stime, cutime, cstime). */
export function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / ticksPerSecond;
}

/** Forgets the highest memory use so far. */
export function resetPeakMemory(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

/** The highest resident memory of a process since the last reset, in bytes. */
export function peakMemory(pid: number): number {
  const kilobytes = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) * 1024;
}
