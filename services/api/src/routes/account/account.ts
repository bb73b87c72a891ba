import { z } from 'zod';
import { route } from '../../http/route.ts';
import { accountView, presentAccount } from '../../presenters/account.ts';
import { presentToken, tokenView } from '../../presenters/token.ts';
import { databaseDialect as dialect } from '../databases/dialect.ts';

const show = route({
  method: 'GET',
  path: '/api/account',
  dialect,
  scope: 'any',
  summary: 'The account, and the token that asks.',
  answers: 200,
  response: z.strictObject({ account: accountView, token: tokenView }),
  handler: async ({ deps, accountId, token }) => {
    const account = await deps.persistence.accounts.find(accountId);
    if (!account) throw new Error('A token has no account.');
    return { account: presentAccount(account), token: presentToken(token) };
  },
});

export const accountRoutes = [show];
