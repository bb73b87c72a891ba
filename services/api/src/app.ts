import express, { type Express, type RequestHandler } from 'express';
import helmet from 'helmet';
import { auditRefusals, remember } from './audit/refusals.ts';
import { trailOf } from './audit/trail.ts';
import { authorise, callerOf } from './auth/token.ts';
import { guardPages } from './auth/pages.ts';
import type { ApiDeps } from './deps.ts';
import { EventHub } from './events/hub.ts';
import { readBody } from './http/body.ts';
import { answerErrors } from './http/errors.ts';
import { logRequests, nameInLog, requestIdOf } from './http/logging.ts';
import { measureRequests, templatesOf } from './http/measuring.ts';
import { methodNotAllowed, notFound } from './http/problem.ts';
import type { Route } from './http/route.ts';
import { traceRequests } from './http/tracing.ts';
import { trustedProxies } from './http/trusted-proxies.ts';
import { builtPage, servePage } from './page/serve.ts';
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
  const events = new EventHub(deps, stopping);
  const limits = createLimits(deps);
  const [masterKey] = deps.settings.HOLDFAST_SECRET_KEYS;
  const idempotency = new Idempotency(deps.persistence.idempotency, new Fingerprints(masterKey.key));
  const templateOf = templatesOf(routes);
  if (deps.metrics) app.use(measureRequests(deps.metrics.observers, templateOf));
  app.use(traceRequests(templateOf));
  // The strictest headers first, so that no answer goes without; pages then allow themselves more.
  app.use(logRequests(deps.logger, deps.ids), nameInLog, apiHeaders, limits.perAddress);
  const guardBoard = guardPages(deps, { name: 'The board', scope: 'admin' });
  app.use(boardPath, boardHeaders, guardBoard, limits.perToken, createBoard(deps.boardQueues));
  const guardDocs = guardPages(deps, { name: 'The documentation', scope: null });
  app.use(docsPath, docsHeaders, guardDocs, limits.perToken, serveDocs);
  app.use(servePage(builtPage, takenBy(routes)), neverStored);
  for (const route of routes) {
    const method = route.method.toLowerCase() as Lowercase<Route['method']>;
    const authorised = authorise(route, deps, limits.perToken);
    app[method](
      route.path,
      remember(route),
      ...authorised,
      ...bodyReaders(route),
      answer(route, { deps, stopping, events }, idempotency),
    );
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
  app.use(limits.countRefusals, auditRefusals(deps), answerErrors(dialectOf));
  return app;
}

/** The first parts of the paths that are no part of the web page. */
const takenBy = (routes: readonly Route[]): ReadonlySet<string> =>
  new Set([...routes.map(({ path }) => path), boardPath, docsPath].map((path) => path.split('/')[1] ?? ''));

const neverStored: RequestHandler = (_request, response, next) => {
  response.set('Cache-Control', 'private, no-store');
  next();
};

const bodyReaders = ({ method, dialect }: Route): RequestHandler[] =>
  method === 'GET' || method === 'DELETE' ? [] : [readBody(dialect)];

function answer(
  route: Route,
  service: { deps: ApiDeps; stopping: AbortSignal; events: EventHub },
  idempotency: Idempotency,
): RequestHandler {
  return async (request, response) => {
    // Whatever logs, measures, limits and serves a request waits for its end.
    response.setMaxListeners(30);
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const { signal } = gone;
    const caller = callerOf(response);
    const trail = trailOf(route, service.deps, request, response);
    const run = (resourceId?: string) =>
      route.run(
        { ...service, request, requestId: requestIdOf(request), log: request.log, signal, resourceId, trail },
        caller,
      );
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
