import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express';
import { rateLimit, type RateLimitRequestHandler } from 'express-rate-limit';
import { sessionPath } from '../auth/cookie.ts';
import { callerOf } from '../auth/token.ts';
import type { ApiDeps } from '../deps.ts';
import { healthPaths } from '../http/health-paths.ts';
import { Problem } from '../http/problem.ts';
import { clientNetwork } from './client-address.ts';
import { RateStore } from './rate-store.ts';

const windowSeconds = 60;

/** What holds clients back that ask for more than a minute's share. */
interface Limits {
  /** Before authentication: every request counts for its client's address. */
  perAddress: RequestHandler;
  /** After authentication: every request counts for its token, or its remote server. */
  perToken: RequestHandler;
  /**
   * Where requests fail: counts those whose token was refused, and has them wait when there are too many. A valid token from
   * the same address is never held up: behind a proxy or a router, one client could lock all others out.
   */
  countRefusals: ErrorRequestHandler;
}

interface Policy {
  /** The name in the `RateLimit` headers. */
  name: string;
  limit: number;
  /** A sentence that tells what there were too many of. */
  excess: string;
  keyOf: (request: Request, response: Response) => string;
}

export function createLimits({ settings, persistence, logger, clock }: ApiDeps): Limits {
  const { requestRates: rates } = persistence;

  const limiter = ({ name, limit, excess, keyOf }: Policy): RateLimitRequestHandler => {
    const store = new RateStore(`${name}:`, { limit, windowSeconds }, { rates, clock });
    return rateLimit({
      windowMs: windowSeconds * 1000,
      limit,
      identifier: name,
      standardHeaders: 'draft-8',
      // Older clients read these.
      legacyHeaders: true,
      keyGenerator: keyOf,
      store,
      skip: ({ baseUrl, path }) => healthPaths.has(`${baseUrl}${path}`),
      handler: (_request, _response, next) => {
        const headers = { 'Cache-Control': 'private, no-store' };
        next(new Problem(429, `${excess} Wait as long as Retry-After says.`, { headers }));
      },
      logger: {
        error: (error, message) => logger.error({ err: error }, message ?? 'a rate limit failed'),
        warn: (error, message) => logger.warn({ err: error }, message ?? 'a rate limit is set up strangely'),
      },
    });
  };

  const address = limiter({
    name: 'address',
    limit: settings.HOLDFAST_RATE_PER_ADDRESS,
    excess: 'There were too many requests from this address.',
    keyOf: clientNetwork,
  });
  const refused = limiter({
    name: 'refused',
    limit: settings.HOLDFAST_RATE_REFUSED,
    excess: 'There were too many requests without a valid token from this address.',
    keyOf: clientNetwork,
  });
  const token = limiter({
    name: 'token',
    limit: settings.HOLDFAST_RATE_PER_TOKEN,
    excess: 'There were too many requests with this token.',
    keyOf: (_request, response) => tokenKey(response),
  });

  const signIn = limiter({
    name: 'sign-in',
    limit: settings.HOLDFAST_RATE_SIGN_IN,
    excess: 'There were too many sign-ins with a wrong token from this address.',
    keyOf: clientNetwork,
  });

  return {
    perAddress: address,
    perToken: token,
    countRefusals: (error: unknown, request, response, next) => {
      const isRefused = error instanceof Problem && error.aboutToken && callerOf(response) === null;
      if (!isRefused) return next(error);
      const count = isSignIn(request) ? signIn : refused;
      return count(request, response, (excess?: unknown) => next(excess ?? error));
    },
  };
}

const isSignIn = ({ method, path }: Request): boolean => method === 'POST' && path === sessionPath;

/** The id of the token and never the token. */
function tokenKey(response: Response): string {
  const caller = callerOf(response);
  if (!caller) throw new Error('Requests are counted for their token after authentication.');
  return caller.server ? `server ${caller.server.id}` : (caller.token?.id ?? '');
}
