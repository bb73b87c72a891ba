import { createHash } from 'node:crypto';
import type { AuditEntry } from '@holdfast/shared/domain';

/** What the first entry of a log has in the place of the hash before it. */
export const noHash = '0'.repeat(64);

/** The number of a log: of an account its own, of the installation 0. */
export const chainOf = (accountId: number | null): number => accountId ?? 0;

/**
 * The hash of an entry, over its fields in this order, each with its length before it, so that no field can take from its
 * neighbour. The function `holdfast.audit_hash` of the database does the same when an entry is written.
 */
export function hashOf(entry: Omit<AuditEntry, 'hash'>): string {
  const { actor, object } = entry;
  const fields = [
    'holdfast audit 1',
    String(chainOf(entry.accountId)),
    String(entry.position),
    entry.previous,
    entry.id,
    entry.at.toISOString(),
    actor.type,
    actor.id,
    actor.name,
    entry.action,
    entry.outcome,
    object.type,
    object.id,
    object.name,
    entry.address,
    entry.requestId,
    entry.details,
  ];
  const text = fields.map((field) => (field === null ? '-' : `${Buffer.byteLength(field)}:${field}`)).join(',');
  return createHash('sha256').update(text).digest('hex');
}
