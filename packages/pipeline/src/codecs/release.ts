import { isMarkedAsUntransferable } from 'node:worker_threads';

/**
 * Gives the memory of a chunk that nobody reads any more back at once. A gigabyte of dump is 16,000 short-lived buffers: left to
 * the garbage collector they cost time and tens of megabytes. A view on a larger buffer is left alone: others may read the rest.
 */
export function release({ buffer, byteLength }: Buffer): void {
  if (byteLength !== buffer.byteLength || !(buffer instanceof ArrayBuffer)) return;
  if (!isMarkedAsUntransferable(buffer)) buffer.transfer(0);
}
