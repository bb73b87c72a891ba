import type { Duplex } from 'node:stream';
import type { CodecName } from '@holdfast/shared/contracts';

/**
 * A symmetric change of a byte stream. A backup is written through a list of codecs and read through the same list
 * backwards; the manifest names them. Compression comes first in the list, so that a codec that encrypts, put after it,
 * sees the few bytes that are left.
 */
export interface Codec {
  readonly name: CodecName;
  /** What the file name gets behind it, with the dot. */
  readonly extension: string;
  /** A fresh stream for one file. It takes over the chunks that it is given and may release them: nobody else may keep one. */
  encode(): Duplex;
  /** A fresh stream for one file. Fails when the bytes are damaged or stop early, and never ends in silence then. */
  decode(): Duplex;
}
