import type { Persistence } from '@holdfast/persistence';
import { allows, Secret } from '@holdfast/shared/domain';
import type { RequestHandler } from 'express';
import { forbidden, Problem } from '../http/problem.ts';
import { bearerToken } from './token.ts';

/**
 * Lets only tokens with the scope `admin` through: as Bearer, or as the password of HTTP Basic, which browsers can send
 * (any user name). Because browsers repeat Basic credentials by themselves, changes are taken from the board's own pages only.
 */
export function guardBoard(persistence: Persistence): RequestHandler {
  return async (request, _response, next) => {
    const header = request.get('authorization');
    const secret = bearerToken(header) ?? basicPassword(header);
    const token = secret && (await persistence.accounts.authenticate(secret));
    if (!token) {
      throw new Problem(401, 'The board asks for an API token with the scope admin, as the password of HTTP Basic.', {
        aboutToken: true,
        headers: { 'WWW-Authenticate': 'Basic realm="holdfast queues", charset="UTF-8"' },
      });
    }
    if (!allows(token.scopes, 'admin')) throw forbidden('The board asks for an API token with the scope admin.');
    const site = request.get('sec-fetch-site') ?? 'none';
    if (!['GET', 'HEAD'].includes(request.method) && site !== 'same-origin' && site !== 'none') {
      throw forbidden('The board takes changes from its own pages only.');
    }
    next();
  };
}

function basicPassword(header: string | undefined): Secret | null {
  const encoded = /^Basic +([\w+/=-]{1,2048})$/i.exec(header ?? '')?.[1];
  if (encoded === undefined) return null;
  const decoded = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  return colon === -1 ? null : new Secret(decoded.slice(colon + 1));
}
