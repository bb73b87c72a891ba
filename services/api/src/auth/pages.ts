import { allows, type Scope } from '@holdfast/shared/domain';
import type { Request, RequestHandler } from 'express';
import type { ApiDeps } from '../deps.ts';
import { forbidden, Problem } from '../http/problem.ts';
import { admit, basicChallenge, bearerChallenge, credentialsOf } from './token.ts';

/**
 * Lets only tokens through to pages for browsers, those with `scope` where it is not null: by a session, as Bearer, or as the
 * password of HTTP Basic, which browsers can send (any user name). Because browsers repeat Basic credentials by themselves,
 * changes are taken from the pages themselves only.
 */
export function guardPages(deps: ApiDeps, { name, scope }: { name: string; scope: Scope | null }): RequestHandler {
  const asksFor = `${name} asks for an API token${scope === null ? '' : ` with the scope ${scope}`}`;
  return async (request, response, next) => {
    const credentials = await credentialsOf(request, deps, { browsers: true });
    if (!credentials) {
      const headers = { 'WWW-Authenticate': mayAsk(request) ? basicChallenge : bearerChallenge };
      const how = 'sign in, or send it as the password of HTTP Basic';
      throw new Problem(401, `${asksFor}: ${how}.`, { aboutToken: true, headers });
    }
    admit(credentials, deps, request, response);
    if (scope !== null && !allows(credentials.token.scopes, scope)) throw forbidden(`${asksFor}.`);
    const site = request.get('sec-fetch-site') ?? 'none';
    if (!['GET', 'HEAD'].includes(request.method) && site !== 'same-origin' && site !== 'none') {
      throw forbidden(`${name} takes changes from its own pages only.`);
    }
    next();
  };
}

/** Whether a browser may ask its user for a password: not for a frame or a script of a page whose session has ended. */
const mayAsk = (request: Request): boolean => ['document', undefined].includes(request.get('sec-fetch-dest'));
