import { inSpan } from '@holdfast/shared/observability';
import type { Request, RequestHandler } from 'express';
import { healthPaths } from './health-paths.ts';
import { requestIdOf } from './logging.ts';

/** Keeps each request in a span of its own, where there are traces, as far as its answer reaches. */
export function traceRequests(templateOf: (request: Request) => string): RequestHandler {
  return (request, response, next) => {
    if (healthPaths.has(request.path)) return next();
    const attributes = { 'http.request.method': request.method };
    void inSpan({ name: request.method, kind: 'server', attributes, from: request.headers }, async (span) => {
      const ended = new Promise((resolve) => response.once('close', resolve));
      next();
      await ended;
      const route = templateOf(request);
      span.rename(`${request.method} ${route}`);
      span.set({
        'http.route': route,
        'http.response.status_code': response.statusCode,
        'holdfast.request_id': requestIdOf(request),
      });
      if (response.statusCode >= 500) span.fail(String(response.statusCode));
    });
  };
}
