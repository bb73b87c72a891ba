import { invalid } from '../../http/problem.ts';
import type { Owner } from './owned.ts';

/** The account's oldest destination. @throws Problem 422 when it has none */
export async function defaultDestination({ deps, accountId }: Owner): Promise<number> {
  const found = await deps.persistence.destinations.findDefault(accountId);
  if (found) return found.id;
  throw invalid({
    destination_id: ['The account has no destination yet: create one with POST /api/backup-destinations.'],
  });
}
