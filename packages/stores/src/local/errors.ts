import { HoldfastError, type ErrorCode } from '@holdfast/shared/domain';

const table: Record<string, { code: ErrorCode; say: (path: string) => string }> = {
  ENOSPC: { code: 'store_full', say: (path) => `The disk of ${path} is full: free space or enlarge it.` },
  EDQUOT: { code: 'store_full', say: (path) => `The disk quota of ${path} is used up: free space or raise it.` },
  EIO: { code: 'store_failed', say: (path) => `The disk of ${path} could not read or write: check the disk.` },
  ESTALE: { code: 'store_unreachable', say: (path) => `The network file system of ${path} is not connected.` },
  ETIMEDOUT: { code: 'store_unreachable', say: (path) => `The network file system of ${path} does not answer.` },
  EFBIG: { code: 'store_too_large', say: (path) => `The file is larger than the file system of ${path} allows.` },
  EACCES: { code: 'store_denied', say: (path) => `The service may not use ${path}: correct its owner or mode.` },
  EPERM: { code: 'store_denied', say: (path) => `The service may not use ${path}: correct its owner or mode.` },
  EROFS: { code: 'store_denied', say: (path) => `The file system of ${path} is mounted read-only.` },
  ELOOP: { code: 'path_outside_root', say: (path) => `${path} has a symbolic link that is not followed.` },
  ENAMETOOLONG: { code: 'configuration', say: (path) => `${path} is longer than its file system allows.` },
  ENOTDIR: { code: 'store_failed', say: (path) => `A part of the path ${path} is a file, not a folder.` },
  EISDIR: { code: 'store_failed', say: (path) => `${path} is a folder, not a file.` },
};

/** Names a failure of the file system; what is ours passes as it is. */
export function fileError(thrown: unknown, path: string): HoldfastError {
  if (thrown instanceof HoldfastError) return thrown;
  const { code, message } = thrown as NodeJS.ErrnoException;
  const entry = code === undefined ? undefined : table[code];
  if (entry) return new HoldfastError(entry.code, entry.say(path), { cause: thrown });
  return new HoldfastError('store_failed', `The file system failed at ${path}: ${message}.`, { cause: thrown });
}

export function isMissing(thrown: unknown): boolean {
  return (thrown as NodeJS.ErrnoException | undefined)?.code === 'ENOENT';
}
