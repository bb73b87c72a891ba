import type { Destination } from '@holdfast/shared/domain';
import type { ApiDeps } from '../../deps.ts';
import { rowNumber } from '../../http/fields.ts';
import { forbidden, notFound } from '../../http/problem.ts';

/** @throws Problem 404 when it is unknown, 403 when it is another account's: this dialect tells them apart */
export async function ownedDestination(call: {
  deps: ApiDeps;
  accountId: number;
  params: { id: string };
}): Promise<Destination> {
  const id = rowNumber(call.params.id);
  const found = id === null ? null : await call.deps.persistence.destinations.find(id);
  if (!found || found.deletionRequestedAt !== null) throw noDestination();
  if (found.accountId !== call.accountId) throw forbidden('You are not authorized to access this backup destination');
  return found;
}

export const noDestination = () => notFound('Backup destination not found');
