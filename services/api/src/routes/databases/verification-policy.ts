import {
  reaches,
  verificationLevels,
  type Database,
  type EngineType,
  type VerificationLevel,
  type VerificationPolicy,
} from '@holdfast/shared/domain';
import { z } from 'zod';
import { looksLikeUuid } from '../../http/fields.ts';
import { invalid } from '../../http/problem.ts';
import { hasPath } from './database-names.ts';
import type { Owner } from './owned.ts';

export const scratchDatabase = z.string().nullish().meta({
  description:
    'A registered database on whose server scratch databases are made and dropped; the backup’s own when absent or null.',
});

/** A policy in the body of a request; null is none. Given as a whole: what is absent takes its default. */
export const policyFields = z
  .strictObject({
    level: z.enum(verificationLevels),
    every: z
      .union([z.int().min(1).max(1000), z.literal('weekly')], {
        error: 'must be a whole number from 1 to 1000, or "weekly"',
      })
      .optional(),
    scratch_database_id: scratchDatabase,
  })
  .nullable()
  .meta({ examples: [{ level: 'identical', every: 1 }, null] });

/** @throws Problem 422 when backups of the database cannot be verified so */
export async function toPolicy(
  owner: Owner,
  database: Database,
  asked: z.output<typeof policyFields>,
): Promise<VerificationPolicy | null> {
  if (!asked) return null;
  const { level, every = 1, scratch_database_id: wanted } = asked;
  const scratch = await scratchOf(owner, database, wanted);
  mustRestoreInto(scratch, level);
  return { level, every, scratchDatabaseId: wanted === undefined || wanted === null ? null : scratch.id };
}

/** The database on whose server scratch databases are made. @throws Problem 422 */
export async function scratchOf(
  { deps, accountId }: Owner,
  { id, type }: { id: string; type: EngineType },
  wanted: string | null | undefined,
): Promise<Database> {
  const asked = wanted ?? id;
  const found = looksLikeUuid(asked) ? await deps.persistence.databases.findOwned(accountId, asked) : null;
  if (!found) throw wrong('scratch_database_id', 'must be the id of one of your databases');
  if (found.type !== type) throw wrong('scratch_database_id', `must lead to a database of the type ${type}`);
  return found;
}

/** Whether our workers can make scratch databases there. */
export const canRestoreInto = (database: Database): boolean =>
  database.serverId === null && (database.host !== null || hasPath(database));

/** @throws Problem 422 for a level that takes a scratch database where none can be made */
export function mustRestoreInto(scratch: Database, level: VerificationLevel): void {
  if (!reaches(level, 'restorable') || canRestoreInto(scratch)) return;
  throw scratch.type === 'files' && scratch.serverId !== null
    ? wrong('level', 'must be stored or readable for backups of files')
    : wrong('scratch_database_id', 'must lead to a database that the workers can connect to, which this one is not');
}

const wrong = (field: string, predicate: string) =>
  invalid({ [`verification.${field}`]: [`The verification.${field} field ${predicate}.`] });
