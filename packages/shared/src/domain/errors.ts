/**
 * What can go wrong, once. `retry` says whether a new attempt can help by itself; `text` is what people read when the
 * code alone is known. An attempt's own message is more precise and goes beside it.
 */
export const errorCodes = {
  // The database server and its client programs
  auth_failed: { retry: false, text: 'The database server refused the user name or password.' },
  host_unknown: { retry: false, text: 'The host name of the database server does not exist.' },
  host_unreachable: { retry: true, text: 'The database server could not be reached.' },
  database_missing: { retry: false, text: 'The database does not exist on the server.' },
  privilege_missing: { retry: false, text: 'The user lacks a privilege that is needed.' },
  client_missing: { retry: false, text: 'No suitable database client program is installed.' },
  client_too_old: { retry: false, text: 'The installed client program is older than the server.' },
  tls_failed: { retry: false, text: 'The TLS connection to the database server could not be made as asked.' },
  connection_lost: { retry: true, text: 'The connection to the database server was lost.' },
  server_busy: { retry: true, text: 'The database server is starting, stopping or has no free connection.' },
  dump_failed: { retry: true, text: 'The dump program failed.' },
  dump_killed: { retry: true, text: 'The dump program was ended by a signal.' },
  restore_failed: { retry: false, text: 'The restore program reported an error.' },
  restore_target_exists: { retry: false, text: 'The database to restore into exists already.' },
  restore_killed: { retry: true, text: 'The restore program was ended by a signal.' },
  engine_unknown: { retry: false, text: 'This kind of database is not supported.' },
  // Object stores
  bucket_missing: { retry: false, text: 'The bucket does not exist.' },
  store_auth_failed: { retry: false, text: 'The object store refused the access key or secret key.' },
  store_denied: { retry: false, text: 'The object store denied an operation that is needed.' },
  store_unreachable: { retry: true, text: 'The object store could not be reached.' },
  store_failed: { retry: true, text: 'The object store answered with an error.' },
  store_full: { retry: true, text: 'The store has no space left.' },
  store_too_large: { retry: false, text: 'The archive is larger than the store can hold in one object.' },
  store_forbidden_address: { retry: false, text: 'The endpoint resolves to an address that is not allowed.' },
  object_missing: { retry: false, text: 'The stored object does not exist.' },
  integrity: { retry: false, text: 'The stored bytes do not match their recorded size or checksum.' },
  upload_unverified: { retry: true, text: 'The store does not hold what was sent to it.' },
  path_outside_root: { retry: false, text: 'The path leaves the root of the local store.' },
  // Remote servers
  remote_failed: { retry: false, text: 'The remote server reported that it failed.' },
  abandoned: { retry: false, text: 'The remote server fell silent.' },
  // The work itself
  lease_lost: { retry: true, text: 'Another worker took the work over.' },
  lease_expired: { retry: true, text: 'The worker stopped answering and its lease ran out.' },
  stopping: { retry: true, text: 'The worker was asked to stop and handed the work back.' },
  cancelled: { retry: false, text: 'Cancelled on request.' },
  timed_out: { retry: true, text: 'The time limit was reached.' },
  configuration: { retry: false, text: 'The configuration does not allow this work.' },
  internal: { retry: true, text: 'An unexpected error; the service log has the details under the request or job id.' },
} as const satisfies Record<string, { retry: boolean; text: string }>;

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
    return errorCodes[this.code].retry;
  }

  toPublic(): PublicError {
    return { code: this.code, message: this.message };
  }
}

/** Narrows anything thrown to the table; what is not ours becomes `internal` with the original as its cause. */
export function toHoldfastError(thrown: unknown): HoldfastError {
  if (thrown instanceof HoldfastError) return thrown;
  return new HoldfastError('internal', undefined, { cause: thrown });
}
