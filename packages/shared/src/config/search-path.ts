import { delimiter } from 'node:path';

/** The folders in which this process looks for programs, in order. */
export function searchPath(): readonly string[] {
  return (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder.startsWith('/'));
}
