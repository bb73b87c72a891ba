import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HoldfastError } from '../domain/errors.ts';

/**
 * Makes this process the only one that uses a folder: a second one would take from the first what is in it.
 * @param user what this process is, for the message
 * @returns gives the folder free again
 * @throws HoldfastError configuration when a living process holds it
 */
export function lockFolder(folder: string, user: string): () => void {
  const file = join(folder, 'holdfast.pid');
  for (;;) {
    try {
      writeFileSync(file, identity(process.pid), { flag: 'wx', mode: 0o600 });
      return () => rmSync(file, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const holder = readFileSync(file, 'utf8');
    const pid = Number.parseInt(holder, 10);
    if (isAlive(pid) && identity(pid) === holder) {
      throw new HoldfastError(
        'configuration',
        `${user} runs already with the folder ${folder} (process ${pid}): stop it, or choose another folder.`,
      );
    }
    rmSync(file, { force: true });
  }
}

function isAlive(pid: number): boolean {
  if (!(pid > 0)) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** The process id, and where the system tells it the start time too: ids are used again after a restart of the machine. */
function identity(pid: number): string {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ');
    return `${pid} ${fields?.[19] ?? ''}`;
  } catch {
    return `${pid}`;
  }
}
