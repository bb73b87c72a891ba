const words: Readonly<Record<string, string>> = {
  ENOSPC: 'there is no space left',
  EDQUOT: 'the quota is used up',
  EFBIG: 'the file would be larger than may be',
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
  EROFS: 'it can only be read there',
  EIO: 'the disk has failed',
};

/** Why something could not be written, in words. */
export const writeProblem = ({ code = '', message }: NodeJS.ErrnoException): string => words[code] ?? message;

/** Whether a file or a stream refused it, and not something that was thrown on the way there. */
export const isWriteProblem = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && 'syscall' in error;
