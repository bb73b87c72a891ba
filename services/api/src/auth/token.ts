import { allows, Secret, type ApiToken, type Scope, type Server } from '@holdfast/shared/domain';
import type { Persistence } from '@holdfast/persistence';
import type { Request, RequestHandler, Response } from 'express';
import { Problem } from '../http/problem.ts';
import type { Caller, Route } from '../http/route.ts';
import { authoriseServer } from './server.ts';

const bearer = /^Bearer +([\w.~+/=-]{1,512})$/i;

/** The token of an `Authorization: Bearer` header, or null. */
function bearerToken(header: string | undefined): Secret | null {
  const token = bearer.exec(header ?? '')?.[1];
  return token === undefined ? null : new Secret(token);
}

/** Asks a browser for a token as the password of HTTP Basic. */
export const basicChallenge = 'Basic realm="holdfast", charset="UTF-8"';

function basicPassword(header: string | undefined): Secret | null {
  const encoded = /^Basic +([\w+/=-]{1,2048})$/i.exec(header ?? '')?.[1];
  if (encoded === undefined) return null;
  const decoded = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  return colon === -1 ? null : new Secret(decoded.slice(colon + 1));
}

/** The valid token that a request brings, as Bearer or, where that is for `browsers`, as the password of HTTP Basic; or null. */
export async function tokenOf(
  request: Request,
  { accounts }: Persistence,
  { browsers }: { browsers: boolean },
): Promise<ApiToken | null> {
  const header = request.get('authorization');
  const secret = bearerToken(header) ?? (browsers ? basicPassword(header) : null);
  return secret && (await accounts.authenticate(secret));
}

/**
 * Lets a request through to its route only with a token that has the route's scope.
 * @param limit holds back tokens that call too often, whatever they may do
 */
export function authorise(route: Route, persistence: Persistence, limit: RequestHandler): RequestHandler[] {
  const { scope } = route;
  if (scope === null) return [];
  if (scope === 'server') return [authoriseServer(route, persistence), limit];
  if (scope === 'any') return [identify(route, persistence), limit];
  return [identify(route, persistence), limit, requireScope(route, scope)];
}

function identify(route: Route, persistence: Persistence): RequestHandler {
  const { dialect, browsers = false } = route;
  return async (request, response, next) => {
    const token = await tokenOf(request, persistence, { browsers });
    if (!token) {
      const headers = { 'WWW-Authenticate': browsers ? basicChallenge : 'Bearer realm="holdfast"' };
      throw new Problem(401, dialect.unauthenticated, { aboutToken: true, headers });
    }
    response.locals['token'] = token;
    next();
  };
}

const requireScope =
  ({ dialect, method }: Route, scope: Scope): RequestHandler =>
  (_request, response, next) => {
    const token = response.locals['token'] as ApiToken;
    if (!allows(token.scopes, scope)) throw new Problem(403, dialect.missingScope(method, scope), { aboutToken: true });
    next();
  };

/** Whose token let the request through; null on routes that ask for none. */
export function callerOf(response: Response): Caller | null {
  const server = response.locals['server'] as Server | undefined;
  if (server) return { accountId: server.accountId, token: null, server };
  const token = response.locals['token'] as ApiToken | undefined;
  return token ? { accountId: token.accountId, token, server: null } : null;
}
