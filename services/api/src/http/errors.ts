import { isUnavailable } from '@holdfast/persistence';
import { HoldfastError } from '@holdfast/shared/domain';
import type { ErrorRequestHandler } from 'express';
import type { Dialect } from './dialect.ts';
import { tooLarge } from './body.ts';
import { requestIdOf } from './logging.ts';
import { badRequest, conflict, Problem } from './problem.ts';

/** A restarted database is back by then. */
const retrySeconds = '5';

/** Answers every failure in the shape of the dialect that the path belongs to; what is ours to mend goes to the log. */
export function answerErrors(dialectOf: (path: string) => Dialect): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    const problem = toProblem(error, requestIdOf(request));
    if (clientLeft(error)) request.log.info('the client left before the end of its answer');
    else if (problem.status >= 500) request.log.error({ err: error }, 'request failed');
    if (response.headersSent) {
      response.destroy();
      return next();
    }
    response.status(problem.status).set(problem.headers).json(dialectOf(request.path).present(problem));
  };
}

/** Its going aborts the request's signal, which cancels what serves it; a store that breaks off fails with other errors. */
const clientLeft = (error: unknown): boolean =>
  error instanceof HoldfastError
    ? error.code === 'cancelled'
    : error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE';

function toProblem(error: unknown, requestId: string): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof HoldfastError && error.code === 'secret_forgotten') return conflict(error.message);
  if (error instanceof HoldfastError && error.code === 'secret_unreadable') {
    return new Problem(503, `${error.message} (request ${requestId})`);
  }
  if (error instanceof HoldfastError && error.code !== 'internal') {
    return new Problem(502, `${error.message} (request ${requestId})`);
  }
  // What the HTTP layer refused. Its own messages quote the body and are not passed on.
  const status = error instanceof Error && 'status' in error ? error.status : undefined;
  if (status === 413) return new Problem(413, tooLarge);
  if (status === 415) return new Problem(415, 'The encoding or character set of the request body is not supported.');
  if (status === 400) {
    return badRequest(error instanceof URIError ? 'The path is not valid.' : 'The request body cannot be read.');
  }
  if (isUnavailable(error)) {
    const message = `The service's database does not answer at the moment: try again. (request ${requestId})`;
    return new Problem(503, message, { headers: { 'Retry-After': retrySeconds } });
  }
  return new Problem(500, `An unexpected error happened; the service log has the details. (request ${requestId})`);
}
