/** Why bytes are no whole RDB file, in words for people. */
export class RdbFault extends Error {
  override readonly name = 'RdbFault';
}
