import type { ApiToken } from '@holdfast/shared/domain';
import { z } from 'zod';
import type { ApiDeps } from '../../deps.ts';
import { conflict, notFound } from '../../http/problem.ts';
import { route } from '../../http/route.ts';
import { newTokenView, presentToken, tokenView } from '../../presenters/token.ts';
import { databaseDialect as dialect } from '../databases/dialect.ts';
import { expiryOf, newToken } from './requests.ts';

const path = '/api/tokens';

const list = route({
  method: 'GET',
  path,
  dialect,
  scope: 'admin',
  summary: "The account's API tokens, newest first, with those that have expired or were revoked.",
  answers: 200,
  response: z.strictObject({ tokens: z.array(tokenView) }),
  handler: async ({ deps, accountId }) => ({
    tokens: (await deps.persistence.accounts.listTokens(accountId)).map(presentToken),
  }),
});

const create = route({
  method: 'POST',
  path,
  dialect,
  scope: 'admin',
  audit: 'token.create',
  summary: 'Makes an API token. The token itself is shown here and never again.',
  answers: 201,
  creates: true,
  body: newToken,
  response: z.strictObject({ token: newTokenView }),
  handler: async ({ deps, accountId, body }) => {
    const { name, scopes } = body.token;
    const expiresAt = expiryOf(body, deps.clock.now());
    const { token, secret } = await deps.persistence.accounts.createToken(accountId, { name, scopes, expiresAt });
    return { token: { ...presentToken(token), token: secret.reveal() } };
  },
});

const show = route({
  method: 'GET',
  path: `${path}/:id`,
  dialect,
  scope: 'admin',
  summary: 'One API token.',
  answers: 200,
  response: z.strictObject({ token: tokenView }),
  handler: async (call) => ({ token: presentToken(await ownedToken(call)) }),
});

const revoke = route({
  method: 'DELETE',
  path: `${path}/:id`,
  dialect,
  scope: 'admin',
  audit: 'token.revoke',
  summary: 'Revokes an API token, which ends it at once.',
  answers: 204,
  otherwise: { 409: 'It is the last valid token with the scope `admin`.' },
  handler: async (call) => {
    call.note({ object: { name: (await ownedToken(call)).name } });
    const answer = await call.deps.persistence.accounts.revokeToken(call.accountId, call.params.id, 'an_admin');
    if (answer === null) throw unknown();
    if (answer === 'last_admin') {
      throw conflict('This is the last valid token with the scope admin: make another one before you revoke it.');
    }
    return undefined;
  },
});

/** The account's token of that id. @throws Problem 404, the same whether it is unknown or another account's */
async function ownedToken(call: { deps: ApiDeps; accountId: number; params: { id: string } }): Promise<ApiToken> {
  const found = await call.deps.persistence.accounts.findToken(call.accountId, call.params.id);
  if (!found) throw unknown();
  return found;
}

const unknown = () => notFound('This token does not exist.');

export const tokenRoutes = [list, create, show, revoke];
