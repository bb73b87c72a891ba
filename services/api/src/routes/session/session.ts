import { Secret, type ApiToken } from '@holdfast/shared/domain';
import { z } from 'zod';
import { noSessionCookie, sessionCookie, sessionPath as path } from '../../auth/cookie.ts';
import { originOf } from '../../auth/own-origin.ts';
import { bearerChallenge } from '../../auth/token.ts';
import type { ApiDeps } from '../../deps.ts';
import { forbidden, Problem } from '../../http/problem.ts';
import { route } from '../../http/route.ts';
import { presentSession, sessionView } from '../../presenters/session.ts';
import { databaseDialect as dialect } from '../databases/dialect.ts';

const signIn = route({
  method: 'POST',
  path,
  dialect,
  scope: null,
  audit: 'session.create',
  summary:
    'Signs a browser in by an API token: the answer sets a cookie, with which it may do what the token may, from pages of this service.',
  answers: 200,
  otherwise: { 401: 'The token is not valid.', 403: 'A page of another site asks.' },
  body: z.object({ token: z.string().min(1).max(512) }).meta({ examples: [{ token: `hf_${'A'.repeat(43)}` }] }),
  response: sessionView,
  handler: async (call) => {
    const { deps, request, body } = call;
    // Another site could sign its visitors in as somebody else, in whose account they would then put their databases.
    if (originOf(deps, request) === 'foreign') throw forbidden('Sign in from a page of this service.');
    const { accounts, sessions } = deps.persistence;
    const token = await accounts.authenticate(new Secret(body.token));
    if (!token) throw wrongToken();
    const { session, secret } = await sessions.create(token);
    const { accountId, id, name } = token;
    const details = { changed: undefined };
    call.note({ accountId, actor: { type: 'token', id, name }, object: { id: session.id }, details });
    const shown = presentSession(await accountOf(deps, token), token, session);
    return async (response) => {
      response.set('Set-Cookie', sessionCookie(call, session, secret)).json(shown);
    };
  },
});

const wrongToken = () => {
  const headers = { 'WWW-Authenticate': bearerChallenge };
  return new Problem(401, 'This token is not valid.', { aboutToken: true, headers });
};

const show = route({
  method: 'GET',
  path,
  dialect,
  scope: 'any',
  summary: 'Who is signed in, by a session or by the token that asks, and until when.',
  answers: 200,
  response: sessionView,
  handler: async ({ deps, token, session }) => presentSession(await accountOf(deps, token), token, session),
});

const signOut = route({
  method: 'DELETE',
  path,
  dialect,
  scope: 'any',
  audit: 'session.delete',
  summary: 'Ends the session at once. For a token that asks itself there is nothing to end.',
  answers: 204,
  handler: async (call) => {
    if (call.session) await call.deps.persistence.sessions.end(call.session.id);
    call.note({ object: { id: call.session?.id ?? null } });
    return async (response) => {
      response.set('Set-Cookie', noSessionCookie(call)).status(204).end();
    };
  },
});

async function accountOf({ persistence }: ApiDeps, { accountId }: ApiToken) {
  const account = await persistence.accounts.find(accountId);
  if (!account) throw new Error('A token has no account.');
  return account;
}

export const sessionRoutes = [signIn, show, signOut];
