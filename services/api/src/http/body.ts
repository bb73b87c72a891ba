import express, { type RequestHandler } from 'express';
import type { Dialect } from './dialect.ts';
import { Problem } from './problem.ts';

const limit = '1mb';
const json = express.json({ limit, type: () => true });
const form = express.urlencoded({ limit, extended: false, type: () => true });

/**
 * Reads a request's body. JSON is understood with and without its content type, because clients that send no or an empty
 * body often name none.
 */
export function readBody(dialect: Dialect): RequestHandler {
  return (request, response, next) => {
    const type = (request.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase();
    if (request.get('content-length') === '0' || !hasBody(request.headers)) return next();
    if (type === '' || type === 'application/json' || type?.endsWith('+json')) return json(request, response, next);
    if (dialect.forms && type === 'application/x-www-form-urlencoded') return form(request, response, next);
    const accepted = dialect.forms ? 'application/json or application/x-www-form-urlencoded' : 'application/json';
    return next(new Problem(415, `The request body must be ${accepted}.`));
  };
}

const hasBody = (headers: Record<string, unknown>): boolean =>
  headers['transfer-encoding'] !== undefined || headers['content-length'] !== undefined;
