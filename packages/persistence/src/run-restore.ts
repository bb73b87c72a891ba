import type { EntityManager } from 'typeorm';
import type { Restore } from '@holdfast/shared/domain';
import type { SecretBox } from '@holdfast/shared/security';
import { policyEntity } from './entities/policies.ts';
import { restoreEntity } from './entities/restores.ts';
import { isUuid } from './keys.ts';
import { insertRestore } from './new-restore.ts';
import { coverDatabase, lockMembers, type Registry } from './policy-members.ts';
import type { RunRestore, RunRestorePart } from './repositories/index.ts';
import { openPolicy } from './sealed-policy.ts';

/** Why a group cannot be made; thrown, so that the transaction takes back what it had made of it. */
export class GroupRefused extends Error {
  readonly why: { busy: string } | { gone: string };

  constructor(why: { busy: string } | { gone: string }) {
    super('A group of restores was refused.');
    this.why = why;
  }
}

/** @returns null when the policy to restore into is not the account's. @throws GroupRefused */
export async function restoreTogether(
  manager: EntityManager,
  registry: Registry,
  wanted: RunRestore,
): Promise<Restore[] | null> {
  const groupId = wanted.groupId ?? registry.ids.uuid();
  const made = await manager.find(restoreEntity, { where: { groupId }, order: { createdAt: 'ASC', id: 'ASC' } });
  if (made.length > 0) return made;
  const databaseOf = await placing(manager, registry, wanted);
  if (!databaseOf) return null;
  const restores: Restore[] = [];
  for (const part of wanted.parts) {
    await lockBackup(manager, wanted.accountId, part);
    const { backupId, target, fileIds } = part;
    const { accountId, ownership, requestId, maxFailures, allowDamaged = false, keepHours = 0 } = wanted;
    const restore = await insertRestore(manager, registry.ids, {
      accountId,
      backupId,
      databaseId: await databaseOf(part),
      target,
      fileIds,
      ownership,
      requestId,
      maxFailures,
      allowDamaged,
      keepHours: target.mode === 'in_place' ? keepHours : 0,
      groupId,
      afterRestoreId: wanted.firstBefore ? (restores[0]?.id ?? null) : null,
    });
    if (restore === 'busy') throw new GroupRefused({ busy: part.database });
    restores.push(restore);
  }
  return restores;
}

/** Says which registered database each part is restored to, and registers those that the server is new to. */
async function placing(
  manager: EntityManager,
  registry: Registry,
  { accountId, intoPolicyId }: RunRestore,
): Promise<((part: RunRestorePart) => Promise<string>) | null> {
  if (intoPolicyId === null) return async ({ databaseId }) => databaseId;
  const policy = await lockedPolicy(manager, registry.box, accountId, intoPolicyId);
  if (!policy) return null;
  await lockMembers(manager, policy.id);
  return async ({ database }) => (await coverDatabase(manager, registry, policy, database)).id;
}

async function lockedPolicy(manager: EntityManager, box: SecretBox, accountId: number, id: string) {
  const lock = { mode: 'for_no_key_update' } as const;
  const row = isUuid(id) ? await manager.findOne(policyEntity, { where: { accountId, id }, lock }) : null;
  return row && openPolicy(box, row);
}

/** Against a deletion of the backup at the same moment. */
async function lockBackup(
  manager: EntityManager,
  accountId: number,
  { backupId, database }: RunRestorePart,
): Promise<void> {
  const found = await manager.query<unknown[]>(
    `select from holdfast.backups where id = $1 and account_id = $2 and deletion_requested_at is null for key share`,
    [backupId, accountId],
  );
  if (found.length === 0) throw new GroupRefused({ gone: database });
}
