import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import express, { type NextFunction, type RequestHandler } from 'express';
import type { Dialect } from './dialect.ts';
import { badRequest, Problem } from './problem.ts';

/** In bytes. */
const limit = 1_048_576;
const json = express.json({ limit, type: () => true, verify: requireText });
const form = express.urlencoded({ limit, extended: false, type: () => true });

/**
 * Reads a request's body. JSON is understood with and without its content type, because clients that send no or an empty
 * body often name none.
 */
export function readBody(dialect: Dialect): RequestHandler {
  return (request, response, next) => {
    // Before a byte of it is read.
    if (Number(request.get('content-length')) > limit) return next(new Problem(413, tooLarge));
    const type = (request.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase();
    if (request.get('content-length') === '0' || !hasBody(request.headers)) return next();
    const goOn: NextFunction = (error?: unknown) => {
      // The readers pass a request whose client has gone as one without a body: it would ask for something else.
      if (error === undefined && request.body === undefined) next(badRequest(clientGone));
      else next(error);
    };
    if (type === '' || type === 'application/json' || type?.endsWith('+json')) return json(request, response, goOn);
    if (dialect.forms && type === 'application/x-www-form-urlencoded') return form(request, response, goOn);
    const accepted = dialect.forms ? 'application/json or application/x-www-form-urlencoded' : 'application/json';
    return next(new Problem(415, `The request body must be ${accepted}.`));
  };
}

/** Otherwise bytes that are no text would be replaced, and a password kept that nobody sent. */
function requireText(_request: IncomingMessage, _response: unknown, body: Buffer, encoding: string): void {
  if (encoding === 'utf-8' && !isUtf8(body)) throw badRequest('The request body cannot be read: it is not UTF-8.');
}

const clientGone = 'The connection was closed before the request body was read.';

export const tooLarge = 'The request body is larger than 1 MiB.';

const hasBody = (headers: Record<string, unknown>): boolean =>
  headers['transfer-encoding'] !== undefined || headers['content-length'] !== undefined;
