import { HoldfastError, type ErrorCode } from '@holdfast/shared/domain';
import { RdbFault } from './rdb/index.ts';

/** Gives a fault of an RDB file its place in the table; anything else stays as it is. */
export function faultOf(thrown: unknown, code: ErrorCode): unknown {
  if (!(thrown instanceof RdbFault)) return thrown;
  const what = code === 'dump_failed' ? 'What the server sent' : 'The archive';
  return new HoldfastError(code, `${what} is no whole RDB file: ${thrown.message}.`, { cause: thrown });
}
