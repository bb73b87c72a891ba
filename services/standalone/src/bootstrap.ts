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
  { accounts, destinations }: Pick<Persistence, 'accounts' | 'destinations'>,
  newToken: boolean,
): Promise<Secret | null> {
  const known = await accounts.findByName(firstAccount);
  const account = known ?? (await accounts.create(firstAccount));
  if (!(await destinations.findDefault(account.id))) {
    await destinations.create(account.id, { label: 'This machine', type: 'local', settings: { path: '' } });
  }
  if (known && !newToken) return null;
  const created = await accounts.createToken(account.id, {
    name: known ? 'made on request' : 'first start',
    scopes: [...scopes],
    expiresAt: null,
  });
  return created.secret;
}
