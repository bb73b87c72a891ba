import { basename, dirname, join } from 'node:path';
import { HoldfastError } from '@holdfast/shared/domain';
import { checkKey } from '../keys.ts';

/**
 * A file that is being written lies beside its later place, under a name that holds the upload's id:
 * `.holdfast-upload-<id>-<name>`. So a killed process's files are found by their key.
 */
const pattern = /^\.holdfast-upload-([0-9a-f-]{36})-(.+)$/s;
const maxNameBytes = 180;

export function temporaryPath(path: string, uploadId: string): string {
  return join(dirname(path), `.holdfast-upload-${uploadId}-${basename(path)}`);
}

/** @returns null when the file is not one that is being written */
export function parseTemporary(fileName: string): { uploadId: string; name: string } | null {
  const [, uploadId, name] = pattern.exec(fileName) ?? [];
  return uploadId === undefined || name === undefined ? null : { uploadId, name };
}

/** @throws HoldfastError path_outside_root for what no store takes; configuration for what only file systems do not take */
export function checkLocalKey(key: string): void {
  checkKey(key);
  for (const segment of key.split('/')) {
    if (segment.startsWith('.holdfast-upload-') || Buffer.byteLength(segment) > maxNameBytes) {
      throw new HoldfastError(
        'configuration',
        `The key ${JSON.stringify(key)} cannot be a file: a part of it is reserved or longer than ${maxNameBytes} bytes.`,
      );
    }
  }
}
