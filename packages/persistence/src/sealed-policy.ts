import type { ServerPolicy } from '@holdfast/shared/domain';
import type { SecretBox } from '@holdfast/shared/security';
import type { PolicyRow } from './entities/policies.ts';
import { openSealed, policyPasswordContext } from './sealed.ts';

/** A policy whose row was read. */
export function openPolicy(box: SecretBox, row: PolicyRow): ServerPolicy {
  const { password } = row;
  return { ...row, password: password === null ? null : openSealed(box, password, policyPasswordContext(row.id)) };
}
