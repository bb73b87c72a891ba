export interface RunningProgram {
  pid: number;
  program: string;
}

const running = new Map<number, RunningProgram>();
let hooked = false;

/** The programs that were started and have not ended. */
export function runningPrograms(): readonly RunningProgram[] {
  return [...running.values()];
}

/** Remembers a program until `forget`, so that it ends with this process whatever ends this process in order. */
export function remember(program: RunningProgram): void {
  running.set(program.pid, program);
  if (hooked) return;
  hooked = true;
  process.once('exit', () => {
    for (const { pid } of running.values()) signalGroup(pid, 'SIGKILL');
  });
}

export function forget(pid: number): void {
  running.delete(pid);
}

/** Signals a program and all that it started. Does nothing when they are gone. */
export function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
