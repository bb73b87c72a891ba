import {
  errorCodes,
  HoldfastError,
  toHoldfastError,
  type Damage,
  type ErrorCode,
  type Finding,
} from '@holdfast/shared/domain';

/** A failure that may speak against the stored object itself. */
export const isSuspicious = (error: unknown): error is HoldfastError =>
  error instanceof HoldfastError && (error.code === 'integrity' || error.code === 'object_missing');

/** What a failure says of the object, after it was seen again. */
export const damageOf = ({ code, message }: HoldfastError): Damage => ({
  state: code === 'object_missing' ? 'missing' : 'changed',
  detail: message,
});

/** The store's own refusals: as long as it does not give the objects, nobody can say anything of them. */
const ofStore: ReadonlySet<ErrorCode> = new Set([
  'bucket_missing',
  'store_auth_failed',
  'store_denied',
  'store_forbidden_address',
  'path_outside_root',
]);

/**
 * A failure of what is around the backup (its key, its client, the scratch server), which another attempt would meet again.
 * @throws it when it may pass, or when it is the store's
 */
export function findingOf(thrown: unknown): Finding {
  const error = toHoldfastError(thrown);
  if (errorCodes[error.code].retry !== 'final' || ofStore.has(error.code) || error.code === 'cancelled') throw thrown;
  return error.toPublic();
}

/** A bad cable is not a bad backup: what looks like damage is looked at a second time. @throws what the last look met */
export async function twice<T>(look: () => Promise<T>): Promise<T> {
  try {
    return await look();
  } catch (error) {
    if (!isSuspicious(error)) throw error;
    return await look();
  }
}
