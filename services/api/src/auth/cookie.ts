import { longestSessionSeconds, Secret, type Session } from '@holdfast/shared/domain';
import { parseCookie, stringifySetCookie, type SetCookie } from 'cookie';
import type { Request } from 'express';
import type { ApiDeps } from '../deps.ts';
import { baseUrl } from '../http/base-url.ts';

/** Where sessions are begun, asked after and ended. */
export const sessionPath = '/api/session';

type Called = Parameters<typeof baseUrl>[0];

/** Where browsers reach us by https, they take this cookie only as ours alone made it: for this host, and over https. */
const overHttps = { name: '__Host-holdfast', secure: true };
const overHttp = { name: 'holdfast', secure: false };

const formOf = (called: Called): typeof overHttps => (baseUrl(called).startsWith('https:') ? overHttps : overHttp);

/** The secret of a session that a request brings, or null. */
export function sessionSecret(deps: ApiDeps, request: Request): Secret | null {
  const value = parseCookie(request.get('cookie') ?? '')[formOf({ deps, request }).name];
  return value !== undefined && /^[\w-]{43}$/.test(value) ? new Secret(value) : null;
}

/** The header that gives a browser its session, for as long as it can last. */
export function sessionCookie(called: Called, { createdAt }: Session, secret: Secret): string {
  const expires = new Date(createdAt.getTime() + longestSessionSeconds * 1000);
  return setCookie(called, { value: secret.reveal(), maxAge: longestSessionSeconds, expires });
}

/** The header that takes it back. */
export const noSessionCookie = (called: Called): string =>
  setCookie(called, { value: '', maxAge: 0, expires: new Date(0) });

const setCookie = (called: Called, cookie: Omit<SetCookie, 'name'>): string =>
  stringifySetCookie({ ...formOf(called), httpOnly: true, sameSite: 'strict', path: '/', ...cookie });
