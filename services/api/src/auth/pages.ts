import type { Persistence } from '@holdfast/persistence';
import { allows, type Scope } from '@holdfast/shared/domain';
import type { RequestHandler } from 'express';
import { forbidden, Problem } from '../http/problem.ts';
import { basicChallenge, tokenOf } from './token.ts';

/**
 * Lets only tokens through to pages for browsers, those with `scope` where it is not null: as Bearer, or as the password of
 * HTTP Basic, which browsers can send (any user name). Because browsers repeat Basic credentials by themselves, changes are
 * taken from the pages themselves only.
 */
export function guardPages(
  persistence: Persistence,
  { name, scope }: { name: string; scope: Scope | null },
): RequestHandler {
  const asksFor = `${name} asks for an API token${scope === null ? '' : ` with the scope ${scope}`}`;
  return async (request, response, next) => {
    const token = await tokenOf(request, persistence, { browsers: true });
    if (!token) {
      const headers = { 'WWW-Authenticate': basicChallenge };
      throw new Problem(401, `${asksFor}, as the password of HTTP Basic.`, { aboutToken: true, headers });
    }
    response.locals['token'] = token;
    if (scope !== null && !allows(token.scopes, scope)) throw forbidden(`${asksFor}.`);
    const site = request.get('sec-fetch-site') ?? 'none';
    if (!['GET', 'HEAD'].includes(request.method) && site !== 'same-origin' && site !== 'none') {
      throw forbidden(`${name} takes changes from its own pages only.`);
    }
    next();
  };
}
