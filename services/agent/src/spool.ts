import { chmod, mkdir, readdir, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { HoldfastError } from '@holdfast/shared/domain';

/** What a file in the spool is for, and its ending. */
export type SpoolUse = 'backup' | 'restore';

const fileName = /^([0-9a-f-]{36})\.(backup|restore)$/;

/** The private folder for archives between the source and the network. What is in it belongs to jobs that run now. */
export class Spool {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Creates the folder where it is missing, for its owner alone. */
  static async open(folder: string): Promise<Spool> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await chmod(folder, 0o700);
    return new Spool(folder);
  }

  /** The path of a job's file. Create it with mode `spoolMode`. */
  path(jobId: string, use: SpoolUse): string {
    return join(this.#folder, `${jobId}.${use}`);
  }

  async remove(jobId: string, use: SpoolUse): Promise<void> {
    await rm(this.path(jobId, use), { force: true });
  }

  /** What an agent that was killed has left behind. */
  async leftOvers(): Promise<{ jobId: string; use: SpoolUse }[]> {
    const found = [];
    for (const name of await readdir(this.#folder)) {
      const [, jobId, use] = fileName.exec(name) ?? [];
      if (jobId !== undefined) found.push({ jobId, use: use as SpoolUse });
    }
    return found;
  }

  /** @throws HoldfastError store_full when less than `bytes` are free */
  async mustHold(bytes: number): Promise<void> {
    const { bavail, bsize } = await statfs(this.#folder);
    if (bavail * bsize < bytes) {
      throw new HoldfastError(
        'store_full',
        `The spool folder ${this.#folder} has ${bavail * bsize} bytes free where ${bytes} are needed: free some, or move it by HOLDFAST_AGENT_SPOOL.`,
      );
    }
  }

  /** Says clearly when a write failed because the disk is full. */
  explain(error: unknown): unknown {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOSPC' && code !== 'EDQUOT') return error;
    return new HoldfastError(
      'store_full',
      `The disk of the spool folder ${this.#folder} is full: free some space, or move it by HOLDFAST_AGENT_SPOOL.`,
      { cause: error },
    );
  }
}

/** Only the agent's own user reads what is spooled. */
export const spoolMode = 0o600;
