import type { PolicyRun, ServerPolicy } from '@holdfast/shared/domain';
import { isPlainText, looksLikeUuid } from '../../http/fields.ts';
import { notFound } from '../../http/problem.ts';
import type { Owner } from '../databases/owned.ts';

export const path = '/api/server-policies';

export const noPolicy = () => notFound('This policy does not exist.');

/** The account's policy of that id or name. @throws Problem 404, the same whether it is unknown or another account's */
export async function ownedPolicy({ deps, accountId }: Owner, idOrName: string): Promise<ServerPolicy> {
  const found = isPlainText(idOrName) && (await deps.persistence.policies.findOwned(accountId, idOrName));
  if (!found) throw noPolicy();
  return found;
}

/** The run that a path names. @throws Problem 404 also when it is of another policy */
export async function ownedRun(
  call: Owner & { params: { id: string; run: string } },
): Promise<{ policy: ServerPolicy; run: PolicyRun }> {
  const policy = await ownedPolicy(call, call.params.id);
  const { run: id } = call.params;
  const run = looksLikeUuid(id) && (await call.deps.persistence.policyRuns.findOwned(call.accountId, policy.id, id));
  if (!run) throw notFound('This run does not exist.');
  return { policy, run };
}
