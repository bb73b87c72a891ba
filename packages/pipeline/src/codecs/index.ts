import type { CodecName } from '@holdfast/shared/contracts';
import type { Keys } from '@holdfast/shared/domain';
import { age } from './age.ts';
import type { Codec } from './codec.ts';
import { gzip } from './gzip.ts';
import { zstd } from './zstd.ts';

export { age, recipientOf } from './age.ts';
export type { Codec } from './codec.ts';
export { gzip } from './gzip.ts';
export { zstd } from './zstd.ts';

/** THE list: a codec that is not here does not exist, and a name in the manifest without a codec does not compile. */
const codecs: Record<CodecName, (keys: Keys) => Codec> = { zstd: () => zstd(), gzip: () => gzip(), age };

/**
 * The codec that reads what a manifest names.
 * @param keys what the manifest says that it was encrypted to, and what is there to open it
 */
export function codecOf(name: CodecName, keys: Keys): Codec {
  return codecs[name](keys);
}
