import type { Connection, ErrorCode, HoldfastError } from '@holdfast/shared/domain';
import type { ProgramEnd } from './program.ts';

/** How an engine words what happened. */
interface Wording {
  failure: (code: ErrorCode, said: string, connection: Connection, cause?: unknown) => HoldfastError;
  fromProgram: (said: string, connection: Connection, fallback: ErrorCode) => HoldfastError;
}

/** Says what is wrong with the end of a dump program, or null when it exited 0 and wrote something. */
export function judgeDump(
  name: string,
  { code, signal, startError, stderr, outputBytes }: ProgramEnd,
  connection: Connection,
  { failure, fromProgram }: Wording,
): HoldfastError | null {
  if (startError)
    return failure('client_missing', `${name} did not start: ${startError.message}`, connection, startError);
  if (signal) return failure('dump_killed', `${name} was ended by ${signal}. ${stderr}`, connection);
  if (code !== 0) return fromProgram(stderr || `${name} exited with code ${code}`, connection, 'dump_failed');
  if (outputBytes === 0) return failure('dump_failed', `${name} exited 0 but wrote nothing`, connection);
  return null;
}
