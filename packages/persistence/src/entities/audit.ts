import { EntitySchema } from 'typeorm';
import { insertedAt, instant, integer, json, optional, text, uuid, uuidKey } from './columns.ts';

/** An entry as it is stored. */
export interface AuditRow {
  chain: number;
  position: number;
  id: string;
  at: Date;
  actorType: string;
  actorId: string | null;
  actorName: string;
  action: string;
  outcome: string;
  objectType: string;
  objectId: string | null;
  objectName: string | null;
  address: string | null;
  requestId: string | null;
  details: string;
  previous: string;
  hash: string;
}

/** Without references: an entry outlives what it tells of. */
export const auditEntity = new EntitySchema<AuditRow>({
  name: 'AuditEntry',
  tableName: 'audit_log',
  columns: {
    chain: { ...integer, primary: true },
    position: { ...integer, primary: true },
    id: uuid,
    at: instant,
    actorType: text,
    actorId: optional(text),
    actorName: text,
    action: text,
    outcome: text,
    objectType: text,
    objectId: optional(text),
    objectName: optional(text),
    address: optional(text),
    requestId: optional(text),
    details: text,
    previous: text,
    hash: text,
  },
  uniques: [{ name: 'audit_log_id_key', columns: ['id'] }],
  checks: [
    { name: 'audit_log_actor_type_check', expression: `actor_type in ('token', 'system')` },
    { name: 'audit_log_outcome_check', expression: `outcome in ('done', 'failed', 'refused', 'unknown')` },
    { name: 'audit_log_hash_check', expression: `hash ~ '^[0-9a-f]{64}$' and previous ~ '^[0-9a-f]{64}$'` },
  ],
  indices: [
    { name: 'audit_log_chain_action_position_idx', columns: ['chain', 'action', 'position'] },
    { name: 'audit_log_chain_object_id_position_idx', columns: ['chain', 'objectId', 'position'] },
  ],
});

/** What was begun and has not been entered yet. */
export const auditIntentEntity = new EntitySchema<{ id: string; chain: number; action: object; begunAt: Date }>({
  name: 'AuditIntent',
  tableName: 'audit_intents',
  columns: { id: uuidKey, chain: integer, action: json, begunAt: insertedAt },
  indices: [{ name: 'audit_intents_begun_at_idx', columns: ['begunAt'] }],
});
