import express, { type Express, type RequestHandler } from 'express';
import helmet from 'helmet';
import { authorise, callerOf } from './auth/token.ts';
import { guardPages } from './auth/pages.ts';
import type { ApiDeps } from './deps.ts';
import { readBody } from './http/body.ts';
import { answerErrors } from './http/errors.ts';
import { logRequests, requestIdOf } from './http/logging.ts';
import { methodNotAllowed, notFound } from './http/problem.ts';
import type { Route } from './http/route.ts';
import { trustedProxies } from './http/trusted-proxies.ts';
import { Fingerprints } from './requests/fingerprint.ts';
import { Idempotency } from './requests/idempotency.ts';
import { createLimits } from './requests/limits.ts';
import { dialectOf } from './routes/index.ts';
import { boardHeaders, boardPath, createBoard } from './ui/board.ts';
import { docsHeaders, docsPath, serveDocs } from './ui/docs.ts';

const apiHeaders = helmet({
  contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
});

/** Builds the application from the table of its routes. @param stopping aborted when the service begins to stop */
export function createApp(deps: ApiDeps, routes: readonly Route[], stopping: AbortSignal): Express {
  const app = express();
  app
    .disable('etag')
    .set('trust proxy', trustedProxies(deps.settings.HOLDFAST_TRUSTED_PROXIES))
    .enable('case sensitive routing');
  const limits = createLimits(deps);
  const [masterKey] = deps.settings.HOLDFAST_SECRET_KEYS;
  const idempotency = new Idempotency(deps.persistence.idempotency, new Fingerprints(masterKey.key));
  // The strictest headers first, so that no answer goes without; pages then allow themselves more.
  app.use(logRequests(deps.logger, deps.ids), apiHeaders, limits.perAddress);
  const guardBoard = guardPages(deps.persistence, { name: 'The board', scope: 'admin' });
  app.use(boardPath, boardHeaders, guardBoard, limits.perToken, createBoard(deps.boardQueues));
  const guardDocs = guardPages(deps.persistence, { name: 'The documentation', scope: null });
  app.use(docsPath, docsHeaders, guardDocs, limits.perToken, serveDocs);
  app.use(neverStored);
  for (const route of routes) {
    const method = route.method.toLowerCase() as Lowercase<Route['method']>;
    const authorised = authorise(route, deps.persistence, limits.perToken);
    app[method](route.path, ...authorised, ...bodyReaders(route), answer(route, { deps, stopping }, idempotency));
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
  app.use(limits.countRefusals, answerErrors(dialectOf));
  return app;
}

const neverStored: RequestHandler = (_request, response, next) => {
  response.set('Cache-Control', 'private, no-store');
  next();
};

const bodyReaders = ({ method, dialect }: Route): RequestHandler[] =>
  method === 'GET' || method === 'DELETE' ? [] : [readBody(dialect)];

function answer(
  route: Route,
  service: { deps: ApiDeps; stopping: AbortSignal },
  idempotency: Idempotency,
): RequestHandler {
  return async (request, response) => {
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const { signal } = gone;
    const caller = callerOf(response);
    const run = (resourceId?: string) =>
      route.run({ ...service, request, requestId: requestIdOf(request), log: request.log, signal, resourceId }, caller);
    if (route.creates && caller) {
      const { accountId } = caller;
      await idempotency.answer({ request, accountId, signal }, response, async (resourceId) => {
        const reply = await run(resourceId);
        if (typeof reply === 'function') throw new Error('What creates answers with JSON, which can be kept.');
        return { status: route.answers, text: reply === undefined ? '' : JSON.stringify(reply) };
      });
      return;
    }
    const reply = await run();
    if (typeof reply === 'function') await reply(response);
    else if (reply === undefined) response.status(route.answers).end();
    else response.status(route.answers).json(reply);
  };
}
