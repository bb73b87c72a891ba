import { Secret } from '@holdfast/shared/domain';
import type { ErrorRequestHandler, Request, RequestHandler } from 'express';
import { callerOf } from '../auth/token.ts';
import { sessionPath } from '../auth/cookie.ts';
import type { ApiDeps } from '../deps.ts';
import { Problem } from '../http/problem.ts';
import type { Route } from '../http/route.ts';
import { describeAction, type AuditNote } from './described.ts';

const key = 'asked';

interface Asked {
  route: Route;
  params: Request['params'];
}

/** Remembers what a request is for, in case that it is refused. */
export const remember =
  (route: Route): RequestHandler =>
  ({ params }, response, next) => {
    response.locals[key] = { route, params } satisfies Asked;
    next();
  };

/** Where requests fail: enters who tried what they may not, and who tried to sign in with a token that is not valid. */
export function auditRefusals({ persistence, logger }: ApiDeps): ErrorRequestHandler {
  return async (error: unknown, request, response, next) => {
    const { route, params = {} } = (response.locals[key] ?? {}) as Partial<Asked>;
    const { audit: action, creates = false, path } = route ?? {};
    const isSignIn = path === sessionPath && request.method === 'POST';
    const isRefusal = error instanceof Problem && (error.status === 403 || (error.status === 401 && isSignIn));
    if (typeof action !== 'string' || !isRefusal) return next(error);
    // Entered before it is answered, so that who hears of it finds it.
    try {
      const note = isSignIn ? await whoTried(request.body) : {};
      const caller = callerOf(response);
      const described = describeAction({ request, params, caller, action, creates, note });
      await persistence.audit.enter(described, 'refused');
    } catch (cause) {
      logger.error({ err: cause, action }, 'a refusal could not be entered into the audit log');
    }
    next(error);
  };

  /** A token that has expired or was revoked says whose it was. */
  async function whoTried(body: unknown): Promise<AuditNote> {
    const given = (body as { token?: unknown } | undefined)?.token;
    const token = typeof given === 'string' ? await persistence.accounts.identify(new Secret(given)) : null;
    if (!token) return {};
    const { accountId, id, name } = token;
    return { accountId, actor: { type: 'token', id, name } };
  }
}
