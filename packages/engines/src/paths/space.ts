import { statfs } from 'node:fs/promises';
import type { PreflightFinding } from '@holdfast/shared/domain';

/** Bytes that are free for us in a folder. */
export async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

/** Whether there is room in a folder for what is built in it. */
export async function spaceFindings(folder: string, plainBytes: number | null): Promise<PreflightFinding[]> {
  const free = await freeBytes(folder).catch(() => null);
  if (free === null) return [];
  const room = `${folder} has ${inMebibytes(free)} free`;
  if (plainBytes === null) {
    return [{ severity: 'note', code: 'space', message: `${room}; the size of the backup is not known.` }];
  }
  const message = `${room}; the backup has ${inMebibytes(plainBytes)}, which are built beside what is there.`;
  return [{ severity: plainBytes > free ? 'blocker' : 'note', code: 'space', message }];
}

export const inMebibytes = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)} MiB`;
