import { EntitySchema } from 'typeorm';
import { insertedAt, instant, integer, optional, text, uuid } from './columns.ts';
import { restricted } from './foreign-keys.ts';

/** A creating request that its client may repeat. */
interface IdempotencyKeyRow {
  accountId: number;
  key: string;
  /** Hash of the method, the path and the body that the key was first sent with. */
  fingerprint: string;
  /** Of what the request creates, so that a second run after a crash creates nothing more. */
  resourceId: string;
  begunAt: Date;
  /** Null until the request was answered. */
  status: number | null;
  /** Sealed: it may hold a token that is shown once. */
  answer: string | null;
}

export const idempotencyKeyEntity = new EntitySchema<IdempotencyKeyRow>({
  name: 'IdempotencyKey',
  tableName: 'idempotency_keys',
  columns: {
    accountId: { ...integer, primary: true },
    key: { ...text, primary: true },
    fingerprint: text,
    resourceId: uuid,
    begunAt: insertedAt,
    status: optional(integer),
    answer: optional(text),
  },
  checks: [{ name: 'idempotency_keys_answer_check', expression: '(status is null) = (answer is null)' }],
  indices: [{ name: 'idempotency_keys_begun_at_idx', columns: ['begunAt'] }],
  foreignKeys: [restricted('idempotency_keys_account_fkey', 'Account', ['accountId'])],
});

/** How often one client called within the present window. */
interface RequestRateRow {
  key: string;
  hits: number;
  resetsAt: Date;
}

export const requestRateEntity = new EntitySchema<RequestRateRow>({
  name: 'RequestRate',
  tableName: 'request_rates',
  columns: { key: { ...text, primary: true }, hits: integer, resetsAt: instant },
  indices: [{ name: 'request_rates_resets_at_idx', columns: ['resetsAt'] }],
});
