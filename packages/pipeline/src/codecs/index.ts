import type { CodecName } from '@holdfast/shared/contracts';
import type { Codec } from './codec.ts';
import { gzip } from './gzip.ts';
import { zstd } from './zstd.ts';

export type { Codec } from './codec.ts';
export { gzip } from './gzip.ts';
export { zstd } from './zstd.ts';

/** THE list: a codec that is not here does not exist, and a name in the manifest without a codec does not compile. */
const codecs: Record<CodecName, () => Codec> = { zstd, gzip };

/** The codec that reads what a manifest names. */
export function codecOf(name: CodecName): Codec {
  return codecs[name]();
}
