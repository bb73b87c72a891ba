import { QueryFailedError, QueryRunnerAlreadyReleasedError, QueryRunnerProviderAlreadyReleasedError } from 'typeorm';

/** SQLSTATEs, or their classes, of a server that breaks off, starts, stops, or has no connection left. */
const awayStates = /^(08|57P0[1-3]|53300)/;
const awayCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);
/** The driver and its pool give these no code. */
const awayMessages =
  /^(Connection terminated|Client has encountered a connection error|timeout exceeded when trying to connect)/;

/** A session that ends lets its connection go in the middle of a transaction; what follows there meets these. */
const releases = [QueryRunnerAlreadyReleasedError, QueryRunnerProviderAlreadyReleasedError];

/** Whether a failure of a repository says only that the service's database is away for the moment. */
export function isUnavailable(thrown: unknown): boolean {
  if (thrown instanceof QueryFailedError) return isUnavailable(thrown.driverError);
  if (releases.some((released) => thrown instanceof released)) return true;
  if (thrown instanceof AggregateError) return thrown.errors.some(isUnavailable);
  if (!(thrown instanceof Error)) return false;
  const code = 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : '';
  return awayCodes.has(code) || awayStates.test(code) || awayMessages.test(thrown.message);
}
