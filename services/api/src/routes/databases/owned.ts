import type { Backup, Database } from '@holdfast/shared/domain';
import type { ApiDeps } from '../../deps.ts';
import { isPlainText, looksLikeUuid } from '../../http/fields.ts';
import { invalid, notFound } from '../../http/problem.ts';

export interface Owner {
  deps: ApiDeps;
  accountId: number;
}

/** The account's database of that id or name. @throws Problem 404, the same whether it is unknown or another account's */
export async function ownedDatabase({ deps, accountId }: Owner, idOrName: string): Promise<Database> {
  const found = isPlainText(idOrName) && (await deps.persistence.databases.findOwned(accountId, idOrName));
  if (!found) throw notFound('This database does not exist.');
  return found;
}

/** The account's backup of that id. @throws Problem 404, the same whether it is unknown or another account's */
export async function ownedBackup({ deps, accountId }: Owner, id: string): Promise<Backup> {
  const found = looksLikeUuid(id) && (await deps.persistence.backups.findOwned(accountId, id));
  if (!found) throw notFound('This backup does not exist.');
  return found;
}

/** The account's backup `id` of its database `db`. @throws Problem 404 also when it is of another database */
export async function ownedBackupOf(owner: Owner, db: string, id: string): Promise<Backup> {
  const database = await ownedDatabase(owner, db);
  const backup = await ownedBackup(owner, id);
  if (backup.databaseId !== database.id) throw notFound('This backup does not exist.');
  return backup;
}

/** @throws Problem 422 when a destination that a request names is not the account's */
export async function requireDestination({ deps, accountId }: Owner, id: number): Promise<void> {
  if (await deps.persistence.destinations.findOwned(accountId, id)) return;
  throw invalid({ destination_id: ['The destination_id field must be the id of one of your destinations.'] });
}
