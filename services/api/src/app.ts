import express, { type Express, type RequestHandler } from 'express';
import helmet from 'helmet';
import { authorise, callerOf } from './auth/token.ts';
import { guardBoard } from './auth/board.ts';
import type { ApiDeps } from './deps.ts';
import { readBody } from './http/body.ts';
import { answerErrors } from './http/errors.ts';
import { logRequests, requestIdOf } from './http/logging.ts';
import { methodNotAllowed, notFound } from './http/problem.ts';
import type { Route } from './http/route.ts';
import { dialectOf } from './routes/index.ts';
import { boardHeaders, boardPath, createBoard } from './ui/board.ts';

const apiHeaders = helmet({
  contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
});

/** Builds the application from the table of its routes. */
export function createApp(deps: ApiDeps, routes: readonly Route[]): Express {
  const app = express();
  app.disable('etag').set('trust proxy', false).enable('case sensitive routing');
  app.use(logRequests(deps.logger, deps.ids));
  app.use(boardPath, boardHeaders, guardBoard(deps.persistence), createBoard(deps.boardQueues));
  app.use(apiHeaders, neverStored);
  for (const route of routes) {
    const method = route.method.toLowerCase() as Lowercase<Route['method']>;
    app[method](route.path, authorise(route, deps.persistence), ...bodyReaders(route), answer(route, deps));
  }
  for (const [path, methods] of Map.groupBy(routes, ({ path }) => path)) {
    const allowed = methods.flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
    app.all(path, () => {
      throw methodNotAllowed(allowed);
    });
  }
  app.use(() => {
    throw notFound('This path does not exist.');
  });
  app.use(answerErrors(dialectOf));
  return app;
}

const neverStored: RequestHandler = (_request, response, next) => {
  response.set('Cache-Control', 'private, no-store');
  next();
};

const bodyReaders = ({ method, dialect }: Route): RequestHandler[] =>
  method === 'GET' || method === 'DELETE' ? [] : [readBody(dialect)];

function answer(route: Route, deps: ApiDeps): RequestHandler {
  return async (request, response) => {
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const call = { deps, request, requestId: requestIdOf(request), log: request.log, signal: gone.signal };
    const reply = await route.run(call, callerOf(response));
    if (typeof reply === 'function') await reply(response);
    else if (reply === undefined) response.status(route.answers).end();
    else response.status(route.answers).json(reply);
  };
}
