import { rename, rm } from 'node:fs/promises';

/** Removes a database with what SQLite may have put beside it. */
export async function removeDatabase(path: string): Promise<void> {
  for (const end of ['', '-journal', '-wal', '-shm', '.draft', '.draft-journal']) await rm(path + end, { force: true });
}

/** Gives a database that nobody uses another name, with what belongs to it. */
export async function renameDatabase(from: string, to: string): Promise<void> {
  for (const end of ['-journal', '-wal']) {
    await rename(from + end, to + end).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
  }
  await rename(from, to);
}
