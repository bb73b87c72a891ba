import { allows, Secret, type ApiToken } from '@holdfast/shared/domain';
import type { Persistence } from '@holdfast/persistence';
import type { RequestHandler, Response } from 'express';
import { Problem } from '../http/problem.ts';
import type { Caller, Route } from '../http/route.ts';

const bearer = /^Bearer +([\w.~+/=-]{1,512})$/i;

/** The token of an `Authorization: Bearer` header, or null. */
export function bearerToken(header: string | undefined): Secret | null {
  const token = bearer.exec(header ?? '')?.[1];
  return token === undefined ? null : new Secret(token);
}

/** Lets a request through to its route only with a token that has the route's scope. */
export function authorise({ dialect, method, scope }: Route, persistence: Persistence): RequestHandler {
  return async (request, response, next) => {
    if (scope === null) return next();
    if (scope === 'server') throw new Problem(501, 'Not there yet.');
    const secret = bearerToken(request.get('authorization'));
    const token = secret && (await persistence.accounts.authenticate(secret));
    if (!token) {
      throw new Problem(401, dialect.unauthenticated, {
        aboutToken: true,
        headers: { 'WWW-Authenticate': 'Bearer realm="holdfast"' },
      });
    }
    if (!allows(token.scopes, scope)) throw new Problem(403, dialect.missingScope(method, scope), { aboutToken: true });
    response.locals['token'] = token;
    next();
  };
}

/** Whose token let the request through; null on routes that ask for none. */
export function callerOf(response: Response): Caller | null {
  const token = response.locals['token'] as ApiToken | undefined;
  return token ? { accountId: token.accountId, server: null } : null;
}
