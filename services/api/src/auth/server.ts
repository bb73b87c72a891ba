import type { Persistence } from '@holdfast/persistence';
import { Secret } from '@holdfast/shared/domain';
import type { RequestHandler } from 'express';
import { Problem } from '../http/problem.ts';
import type { Route } from '../http/route.ts';

const wrongForm = 'The Authorization header provided was not in a valid format.';

/** Lets a request through only with the token of a remote server, `<id>.<secret>`. An unknown id and a wrong secret look alike. */
export function authoriseServer({ dialect, method }: Route, persistence: Persistence): RequestHandler {
  return async (request, response, next) => {
    const token = /^Bearer +(.*)$/i.exec(request.get('authorization') ?? '')?.[1];
    if (token === undefined) {
      const headers = { 'WWW-Authenticate': 'Bearer' };
      throw new Problem(401, dialect.unauthenticated, { aboutToken: true, headers });
    }
    const [id = '', secret = '', ...rest] = token.split('.');
    if (id === '' || secret === '' || rest.length > 0) throw new Problem(400, wrongForm, { aboutToken: true });
    const server = await persistence.servers.authenticate(id, new Secret(secret));
    if (!server) throw new Problem(403, dialect.missingScope(method, 'admin'), { aboutToken: true });
    response.locals['server'] = server;
    next();
  };
}
