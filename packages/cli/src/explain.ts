import { ApiError } from '@holdfast/client';
import { HoldfastError } from '@holdfast/shared/domain';
import { CliError, exits, type Exit } from './exits.ts';
import { plain } from './output/text.ts';

export interface Explanation {
  exit: Exit;
  /** For people, on standard error. */
  text: string;
  /** For programs, with --json on standard output. */
  document: { error: Record<string, unknown> };
}

/** What a failure means for whoever called the program. */
export function explain(thrown: unknown, interrupted: boolean): Explanation {
  if (interrupted) return said(exits.interrupted, thrown instanceof CliError ? thrown.message : 'Interrupted.');
  if (thrown instanceof CliError) return said(thrown.exit, thrown.message);
  if (thrown instanceof ApiError) return refusal(thrown);
  if (isUnreachable(thrown)) return said(exits.unreachable, `The service cannot be reached: ${causeOf(thrown)}.`);
  if (thrown instanceof HoldfastError) return said(exits.failed, thrown.message);
  if (isFileProblem(thrown)) return said(exits.failed, thrown.message);
  return said(exits.failed, thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown));
}

const said = (exit: Exit, message: string): Explanation => ({
  exit,
  text: plain(message, { lines: true }),
  document: { error: { message } },
});

function refusal({ status, message, fields, requestId }: ApiError): Explanation {
  const named = Object.entries(fields).map(([field, messages]) => `  ${field}: ${messages.join(' ')}`);
  const isOnlyFields = message === Object.values(fields).flat().join(' ');
  const lines = [
    named.length > 0 && isOnlyFields ? 'The service does not take this:' : message,
    ...named,
    ...hints(status),
    // The words of a failure of the service itself name it already.
    ...(requestId === null || message.includes(requestId) ? [] : [`(request ${requestId})`]),
  ];
  return {
    exit: exitOf(status),
    text: plain(lines.join('\n'), { lines: true }),
    document: { error: { message, status, fields, request_id: requestId } },
  };
}

function hints(status: number): string[] {
  if (status === 401) return ['`holdfast login` keeps a valid token; HOLDFAST_TOKEN takes its place.'];
  return status === 403 ? ['`holdfast whoami` shows what the token may do.'] : [];
}

/** The exit code for an answer that is not 2xx. */
function exitOf(status: number): Exit {
  if (status === 401 || status === 403) return exits.refused;
  if (status === 404) return exits.notFound;
  if (status === 502 || status === 503 || status === 504) return exits.unreachable;
  return status === 400 || status === 405 || (status >= 411 && status <= 422) ? exits.usage : exits.failed;
}

/** Whether the service was not there, so that asking again may help. */
export const isUnreachable = (thrown: unknown): boolean =>
  // The two that `fetch` itself throws: it got no answer, or the answer was cut off. Any other TypeError is a fault of ours.
  (thrown instanceof TypeError && (thrown.message === 'fetch failed' || thrown.message === 'terminated')) ||
  (thrown instanceof DOMException && thrown.name === 'TimeoutError') ||
  (thrown instanceof ApiError && exitOf(thrown.status) === exits.unreachable);

function causeOf(thrown: unknown): string {
  const { cause, message } = thrown as Error;
  if (!(cause instanceof Error)) return message;
  const { code } = cause as NodeJS.ErrnoException;
  return cause.message || code || message;
}

/** A file that is missing, is there already, or may not be used: nothing that a stack would explain. */
const isFileProblem = (thrown: unknown): thrown is Error => thrown instanceof Error && 'syscall' in thrown;
