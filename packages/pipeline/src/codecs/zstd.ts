import type { Codec } from './codec.ts';
import { ZstdDecode } from './zstd-decode.ts';
import { ZstdEncode } from './zstd-encode.ts';

/** Zstandard; `zstd -d` reads what it writes. @param level 1 (fast) to 19 (small) */
export function zstd(level = 3): Codec {
  return { name: 'zstd', extension: '.zst', encode: () => new ZstdEncode(level), decode: () => new ZstdDecode() };
}
