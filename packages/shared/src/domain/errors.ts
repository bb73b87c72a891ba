/**
 * Whether a new attempt can help by itself: what passes is tried again until there were too many failures, what cannot
 * pass ends the work at once, and what nobody knows is tried again once.
 */
export type Retry = 'retryable' | 'final' | 'unknown';

/**
 * What can go wrong, once. `text` is what people read when the code alone is known; an attempt's own message is more
 * precise and goes beside it. docs/errors.md explains the codes to people.
 */
export const errorCodes = {
  // The database server and its client programs
  auth_failed: { retry: 'final', text: 'The database server refused the user name or password.' },
  host_unknown: { retry: 'final', text: 'The host name of the database server does not exist.' },
  host_unreachable: { retry: 'retryable', text: 'The database server could not be reached.' },
  database_missing: { retry: 'final', text: 'The database does not exist on the server.' },
  privilege_missing: { retry: 'final', text: 'The user lacks a privilege that is needed.' },
  client_missing: { retry: 'final', text: 'No suitable database client program is installed.' },
  client_too_old: { retry: 'final', text: 'The installed client program is older than the server.' },
  tls_failed: { retry: 'final', text: 'The TLS connection to the database server could not be made as asked.' },
  connection_lost: { retry: 'retryable', text: 'The connection to the database server was lost.' },
  server_busy: { retry: 'retryable', text: 'The database server is starting, stopping or has no free connection.' },
  server_silent: { retry: 'retryable', text: 'The database server stopped answering.' },
  lock_timeout: { retry: 'retryable', text: 'Somebody else held a lock on what is needed for too long.' },
  standby_conflict: {
    retry: 'retryable',
    text: 'The standby had to follow changes of its primary that the dump was in the way of.',
  },
  stalled: { retry: 'retryable', text: 'No byte moved for too long.' },
  dump_failed: { retry: 'unknown', text: 'The dump program failed.' },
  dump_killed: { retry: 'retryable', text: 'The dump program was ended by a signal.' },
  restore_failed: { retry: 'final', text: 'The restore program reported an error.' },
  restore_target_exists: { retry: 'final', text: 'The database to restore into exists already.' },
  former_missing: { retry: 'final', text: 'The former content of the database is not kept any more.' },
  content_differs: { retry: 'final', text: 'What was restored is not what was backed up.' },
  restore_killed: { retry: 'retryable', text: 'The restore program was ended by a signal.' },
  engine_unknown: { retry: 'final', text: 'This kind of database is not supported.' },
  // What is done around a backup
  hook_failed: { retry: 'retryable', text: 'A hook of the database failed.' },
  // Object stores
  bucket_missing: { retry: 'final', text: 'The bucket does not exist.' },
  store_auth_failed: { retry: 'final', text: 'The object store refused the access key or secret key.' },
  store_denied: { retry: 'final', text: 'The object store denied an operation that is needed.' },
  store_unreachable: { retry: 'retryable', text: 'The object store could not be reached.' },
  store_failed: { retry: 'retryable', text: 'The object store answered with an error.' },
  store_full: { retry: 'retryable', text: 'The store has no space left.' },
  store_too_large: { retry: 'final', text: 'The archive is larger than the store can hold in one object.' },
  store_forbidden_address: { retry: 'final', text: 'The endpoint resolves to an address that is not allowed.' },
  object_missing: { retry: 'final', text: 'The stored object does not exist.' },
  integrity: { retry: 'final', text: 'The stored bytes do not match their recorded size or checksum.' },
  key_missing: { retry: 'final', text: 'None of the configured keys opens the backup.' },
  object_locked: { retry: 'retryable', text: 'The store refuses to remove the object before its lock ends.' },
  upload_unverified: { retry: 'retryable', text: 'The store does not hold what was sent to it.' },
  path_outside_root: { retry: 'final', text: 'The path leaves the folders that it may lie in.' },
  // What the service keeps sealed
  secret_forgotten: { retry: 'final', text: 'A stored secret was forgotten with the key that sealed it.' },
  secret_unreadable: { retry: 'final', text: 'None of the configured keys opens a stored secret.' },
  // Remote servers
  remote_failed: { retry: 'final', text: 'The remote server reported that it failed.' },
  abandoned: { retry: 'final', text: 'The remote server fell silent.' },
  // The work itself
  lease_lost: { retry: 'retryable', text: 'Another worker took the work over.' },
  lease_expired: { retry: 'retryable', text: 'The worker stopped answering and its lease ran out.' },
  stopping: { retry: 'retryable', text: 'The worker was asked to stop and handed the work back.' },
  cancelled: { retry: 'final', text: 'Cancelled on request.' },
  timed_out: { retry: 'retryable', text: 'The time limit was reached.' },
  configuration: { retry: 'final', text: 'The configuration does not allow this work.' },
  internal: {
    retry: 'unknown',
    text: 'An unexpected error; the service log has the details under the request or job id.',
  },
} as const satisfies Record<string, { retry: Retry; text: string }>;

export type ErrorCode = keyof typeof errorCodes;

/** What is kept in a row and shown over HTTP. Holds no secret. */
export interface PublicError {
  code: ErrorCode;
  message: string;
}

/** A failure with a code from the table. Its message is for people, complete, and free of secrets. */
export class HoldfastError extends Error {
  override readonly name = 'HoldfastError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message?: string, options?: { cause?: unknown }) {
    super(message ?? errorCodes[code].text, options);
    this.code = code;
  }

  get retryable(): boolean {
    return errorCodes[this.code].retry === 'retryable';
  }

  toPublic(): PublicError {
    return { code: this.code, message: this.message };
  }
}

/**
 * Whether work is tried again after a failure, as far as its kind decides.
 * @param before the failure of the attempt before it, null when there was none
 */
export function mayPass(code: ErrorCode, before: ErrorCode | null): boolean {
  const { retry } = errorCodes[code];
  if (retry !== 'unknown') return retry === 'retryable';
  return before === null || errorCodes[before].retry !== 'unknown';
}

/** Narrows anything thrown to the table; what is not ours becomes `internal` with the original as its cause. */
export function toHoldfastError(thrown: unknown): HoldfastError {
  if (thrown instanceof HoldfastError) return thrown;
  return new HoldfastError('internal', undefined, { cause: thrown });
}
