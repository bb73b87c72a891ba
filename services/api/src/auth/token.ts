import { allows, Secret, type ApiToken, type Scope, type Server, type Session } from '@holdfast/shared/domain';
import type { Request, RequestHandler, Response } from 'express';
import type { ApiDeps } from '../deps.ts';
import { Problem } from '../http/problem.ts';
import type { Caller, Route } from '../http/route.ts';
import { sessionSecret } from './cookie.ts';
import { requireOwnOrigin } from './own-origin.ts';
import { authoriseServer } from './server.ts';

const bearer = /^Bearer +([\w.~+/=-]{1,512})$/i;

/** The token of an `Authorization: Bearer` header, or null. */
function bearerToken(header: string | undefined): Secret | null {
  const token = bearer.exec(header ?? '')?.[1];
  return token === undefined ? null : new Secret(token);
}

/** Asks a browser for a token as the password of HTTP Basic. */
export const basicChallenge = 'Basic realm="holdfast", charset="UTF-8"';
/** Asks whoever is no browser. */
export const bearerChallenge = 'Bearer realm="holdfast"';

function basicPassword(header: string | undefined): Secret | null {
  const encoded = /^Basic +([\w+/=-]{1,2048})$/i.exec(header ?? '')?.[1];
  if (encoded === undefined) return null;
  const decoded = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  return colon === -1 ? null : new Secret(decoded.slice(colon + 1));
}

/** What lets a request in: a token, and the session where the token was shown by one. */
export interface Credentials {
  token: ApiToken;
  session: Session | null;
}

/**
 * The valid token that a request brings: as Bearer, beside which nothing else counts; by the cookie of a session; or, where
 * that is for `browsers`, as the password of HTTP Basic, which they send by themselves also where nobody asks for it.
 */
export async function credentialsOf(
  request: Request,
  deps: ApiDeps,
  { browsers }: { browsers: boolean },
): Promise<Credentials | null> {
  const { accounts, sessions } = deps.persistence;
  const header = request.get('authorization');
  const cookie = /^Bearer\b/i.test(header ?? '') ? null : sessionSecret(deps, request);
  const found = cookie && (await sessions.authenticate(cookie));
  if (found) return found;
  const secret = bearerToken(header) ?? (browsers ? basicPassword(header) : null);
  const token = secret && (await accounts.authenticate(secret));
  return token && { token, session: null };
}

/** Remembers who calls, for what comes after. @throws Problem where a session must not do what is asked for */
export function admit({ token, session }: Credentials, deps: ApiDeps, request: Request, response: Response): void {
  response.locals['token'] = token;
  response.locals['session'] = session;
  if (session) requireOwnOrigin(deps, request);
}

/**
 * Lets a request through to its route only with a token that has the route's scope.
 * @param limit holds back tokens that call too often, whatever they may do
 */
export function authorise(route: Route, deps: ApiDeps, limit: RequestHandler): RequestHandler[] {
  const { scope } = route;
  if (scope === null) return [];
  if (scope === 'server') return [authoriseServer(route, deps.persistence), limit];
  if (scope === 'any') return [identify(route, deps), limit];
  return [identify(route, deps), limit, requireScope(route, scope)];
}

function identify(route: Route, deps: ApiDeps): RequestHandler {
  const { dialect, browsers = false } = route;
  return async (request, response, next) => {
    const credentials = await credentialsOf(request, deps, { browsers });
    if (!credentials) {
      const headers = { 'WWW-Authenticate': browsers ? basicChallenge : bearerChallenge };
      throw new Problem(401, dialect.unauthenticated, { aboutToken: true, headers });
    }
    admit(credentials, deps, request, response);
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
  if (server) return { accountId: server.accountId, token: null, session: null, server };
  const token = response.locals['token'] as ApiToken | undefined;
  const session = (response.locals['session'] ?? null) as Session | null;
  return token ? { accountId: token.accountId, token, session, server: null } : null;
}
