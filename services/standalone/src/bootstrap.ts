import { onRecord } from '@holdfast/api';
import type { Persistence } from '@holdfast/persistence';
import { scopes, type Secret } from '@holdfast/shared/domain';

/** The account of whoever runs the single-process mode. */
export const firstAccount = 'admin';

/**
 * Makes the first account with a local destination, as far as they are missing.
 * @param newToken asks for a token although the account exists
 * @returns a token that may do everything, for a new account or on request; it is stored nowhere
 */
export async function bootstrap(
  { accounts, destinations, audit }: Pick<Persistence, 'accounts' | 'destinations' | 'audit'>,
  newToken: boolean,
): Promise<Secret | null> {
  const known = await accounts.findByName(firstAccount);
  const account = known ?? (await accounts.create(firstAccount));
  if (!(await destinations.findDefault(account.id))) {
    await destinations.create(account.id, { label: 'This machine', type: 'local', settings: { path: '' } });
  }
  if (known && !newToken) return null;
  const wanted = { name: known ? 'made on request' : 'first start', scopes: [...scopes], expiresAt: null };
  const created = await onRecord(
    audit,
    { accountId: account.id, by: 'the start', action: 'token.create', object: { name: wanted.name } },
    () => accounts.createToken(account.id, wanted),
    ({ token }) => ({ id: token.id }),
  );
  return created.secret;
}
