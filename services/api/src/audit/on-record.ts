import type { AuditRepository } from '@holdfast/persistence';
import { systemActor, type AuditDetails, type AuditObject } from '@holdfast/shared/domain';

/** What no request asks for. */
export interface OwnAction {
  /** Null where it is of the installation. */
  accountId: number | null;
  /** Who does it: a part of the system, or the operator by one. */
  by: string;
  action: `${string}.${string}`;
  object?: Partial<AuditObject>;
  details?: AuditDetails;
}

/**
 * Does something that stands in the audit log whatever happens meanwhile.
 * @param made says of what came of it which object that is
 */
export async function onRecord<T>(
  audit: AuditRepository,
  { accountId, by, action, object = {}, details = {} }: OwnAction,
  act: () => Promise<T>,
  made: (result: T) => Partial<AuditObject> = () => ({}),
): Promise<T> {
  const [type = ''] = action.split('.');
  const described = (result: Partial<AuditObject>) => ({
    accountId,
    actor: systemActor(by),
    action,
    object: { type, id: null, name: null, ...object, ...result },
    address: null,
    requestId: null,
    details,
  });
  const begun = await audit.begin(described({}));
  let result: T;
  try {
    result = await act();
  } catch (error) {
    await audit.end(begun, described({}), 'failed');
    throw error;
  }
  await audit.end(begun, described(made(result)), 'done');
  return result;
}
