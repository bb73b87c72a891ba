import { observe, type Observers } from '@holdfast/shared/observability';
import type { Request, RequestHandler } from 'express';
import type { Route } from './route.ts';

/** What is said of a client that left before it was answered. */
const leftStatus = 499;
const methods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** The template of a request's route where it is one of the table, so that no path of a client ever becomes a label. */
export function templatesOf(routes: readonly Route[]): (request: Request) => string {
  const templates: ReadonlySet<string> = new Set(routes.map(({ path }) => path));
  return (request) => {
    const path: unknown = (request.route as { path?: unknown } | undefined)?.path;
    return typeof path === 'string' && templates.has(path) ? path : 'other';
  };
}

/** Tells of every request when its answer has ended. */
export function measureRequests(observers: Observers, templateOf: (request: Request) => string): RequestHandler {
  return (request, response, next) => {
    const startedAt = performance.now();
    response.once('close', () =>
      observe(() =>
        observers.requestEnded({
          route: templateOf(request),
          method: methods.has(request.method) ? request.method : 'other',
          status: response.headersSent ? response.statusCode : leftStatus,
          seconds: (performance.now() - startedAt) / 1000,
        }),
      ),
    );
    next();
  };
}
