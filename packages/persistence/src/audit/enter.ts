import type { AuditedAction, AuditOutcome } from '@holdfast/shared/domain';
import { chainOf } from './hash.ts';

/**
 * The statement that enters rows into the log. Position, time and hashes are the database's: its trigger holds the lock of
 * the log from here to the end of the transaction, so an entry comes last in one.
 * @param rows SQL that gives the columns named here
 */
export const enter = (rows: string): string =>
  `insert into holdfast.audit_log
     (chain, id, actor_type, actor_id, actor_name, action, outcome, object_type, object_id, object_name,
      address, request_id, details)
   ${rows}`;

/** The values of these columns. */
export const valuesOf = (
  id: string,
  { accountId, actor, action, object, address, requestId, details }: AuditedAction,
  outcome: AuditOutcome,
): unknown[] => [
  chainOf(accountId),
  id,
  actor.type,
  actor.id,
  actor.name,
  action,
  outcome,
  object.type,
  object.id,
  object.name,
  address,
  requestId,
  JSON.stringify(details),
];
