import { backupKeysOf } from '@holdfast/shared/config';
import { z } from 'zod';
import { route } from '../../http/route.ts';
import { accountView, presentAccount } from '../../presenters/account.ts';
import { presentToken, tokenView } from '../../presenters/token.ts';
import { databaseDialect as dialect } from '../databases/dialect.ts';

const encryptionView = z.strictObject({
  recipients: z.array(z.string()).meta({
    description: 'The public keys (age) that backups to come are encrypted to; none: they are not encrypted.',
  }),
});

const show = route({
  method: 'GET',
  path: '/api/account',
  dialect,
  scope: 'any',
  summary: 'The account, the token that asks, and whom backups to come are encrypted to.',
  answers: 200,
  response: z.strictObject({ account: accountView, token: tokenView, encryption: encryptionView }),
  handler: async ({ deps, accountId, token }) => {
    const account = await deps.persistence.accounts.find(accountId);
    if (!account) throw new Error('A token has no account.');
    const recipients = [...backupKeysOf(deps.settings).recipients];
    return { account: presentAccount(account), token: presentToken(token), encryption: { recipients } };
  },
});

export const accountRoutes = [show];
