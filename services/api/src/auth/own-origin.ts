import type { Request } from 'express';
import type { ApiDeps } from '../deps.ts';
import { baseUrl } from '../http/base-url.ts';
import { forbidden, Problem } from '../http/problem.ts';

/**
 * Refuses a change that another site could have made a browser ask for, which sends its cookie along by itself: it must come
 * from a page of ours, as the browser itself says, and any body must be JSON, which no form of another site can send.
 * @throws Problem 403, 415
 */
export function requireOwnOrigin(deps: ApiDeps, request: Request): void {
  if (['GET', 'HEAD'].includes(request.method)) return;
  if (originOf(deps, request) !== 'own') {
    throw forbidden('A session takes changes from the pages of this service only: send a token instead of the cookie.');
  }
  const hasBody = request.get('transfer-encoding') !== undefined || Number(request.get('content-length') ?? 0) > 0;
  const type = (request.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase();
  if (hasBody && request.method !== 'DELETE' && type !== 'application/json') {
    throw new Problem(415, 'The request body must be application/json.');
  }
}

/**
 * Whose page asks, as its browser says: in `Sec-Fetch-Site`, which it tells to https and to its own machine only, or in
 * `Origin`, which goes with each change. No page can set either. Unknown where nothing is said, as by programs.
 */
export function originOf(deps: ApiDeps, request: Request): 'own' | 'foreign' | 'unknown' {
  const site = request.get('sec-fetch-site');
  if (site !== undefined) return site === 'same-origin' ? 'own' : 'foreign';
  const origin = request.get('origin');
  if (origin === undefined) return 'unknown';
  const called = `${request.secure ? 'https' : 'http'}://${request.host ?? ''}`;
  return [called, new URL(baseUrl({ deps, request })).origin].includes(origin) ? 'own' : 'foreign';
}
