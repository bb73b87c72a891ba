import { createGunzip, createGzip } from 'node:zlib';
import type { Codec } from './codec.ts';

/** gzip; `gzip -d` reads what it writes. @param level 1 (fast) to 9 (small) */
export function gzip(level = 6): Codec {
  return { name: 'gzip', extension: '.gz', encode: () => createGzip({ level }), decode: () => createGunzip() };
}
