import type { Backup } from '../../data/backups.ts';

export type FailureCode = NonNullable<Backup['error']>['code'];

export interface FailureHelp {
  /** Whether Holdfast tries again by itself. */
  again: 'yes' | 'no' | 'once';
  meaning: string;
  /** What somebody can do. */
  helps: string;
}

/** What docs/errors.md says of each code, in its words. */
export const failureHelp: Record<FailureCode, FailureHelp> = {
  auth_failed: {
    again: 'no',
    meaning: 'The database server refused the user name or password',
    helps: 'correct the user or the password of the registered database',
  },
  host_unknown: {
    again: 'no',
    meaning: 'The host name of the database server does not exist',
    helps: 'correct the host name',
  },
  host_unreachable: {
    again: 'yes',
    meaning: 'The database server could not be reached',
    helps: 'see that the server runs and that a firewall lets the worker through',
  },
  database_missing: {
    again: 'no',
    meaning: 'The database does not exist on the server',
    helps: 'correct the database name, or create it',
  },
  privilege_missing: {
    again: 'no',
    meaning: 'The user lacks a privilege that is needed',
    helps: 'run the GRANT that the message names',
  },
  client_missing: {
    again: 'no',
    meaning: 'No suitable database client program is installed',
    helps: 'install the client that the message names on the worker',
  },
  client_too_old: {
    again: 'no',
    meaning: 'The installed client program is older than the server',
    helps: 'install the client that the message names on the worker',
  },
  tls_failed: {
    again: 'no',
    meaning: 'The TLS connection to the database server could not be made as asked',
    helps: 'correct the server or the TLS mode; it is never lowered by itself',
  },
  connection_lost: {
    again: 'yes',
    meaning: 'The connection to the database server was lost',
    helps: 'look at the server’s log when it lasts',
  },
  server_busy: {
    again: 'yes',
    meaning: 'The database server is starting, stopping or has no free connection',
    helps: 'raise max_connections, or wait',
  },
  server_silent: {
    again: 'yes',
    meaning: 'The database server stopped answering',
    helps: 'look at the network; a server that dies without a word is noticed after two minutes',
  },
  lock_timeout: {
    again: 'yes',
    meaning: 'Somebody else held a lock on what is needed for too long',
    helps: 'see who holds the lock (pg_locks), or raise HOLDFAST_LOCK_TIMEOUT_SECONDS',
  },
  standby_conflict: {
    again: 'yes',
    meaning: 'The standby had to follow changes of its primary that the dump was in the way of',
    helps: 'hot_standby_feedback = on on the standby, or a larger max_standby_streaming_delay',
  },
  stalled: {
    again: 'yes',
    meaning: 'No byte moved for too long',
    helps: 'the message names the side that stood still; HOLDFAST_STALL_SECONDS and its neighbours say how long it may',
  },
  dump_failed: { again: 'once', meaning: 'The dump program failed', helps: 'read the end of what the program said' },
  dump_killed: {
    again: 'yes',
    meaning: 'The dump program was ended by a signal',
    helps: 'look for the out-of-memory killer on the worker',
  },
  restore_failed: {
    again: 'no',
    meaning: 'The restore program reported an error',
    helps: 'read the end of what the program said; the target is as before',
  },
  restore_target_exists: {
    again: 'no',
    meaning: 'The database to restore into exists already',
    helps: 'choose another name, or drop the database',
  },
  former_missing: {
    again: 'no',
    meaning: 'The former content of the database is not kept any more',
    helps: 'restore a backup of the time before',
  },
  content_differs: {
    again: 'no',
    meaning: 'What was restored is not what was backed up',
    helps: 'the message names the first differences; the target is as before: verify the backup, restore another one',
  },
  restore_killed: {
    again: 'yes',
    meaning: 'The restore program was ended by a signal',
    helps: 'look for the out-of-memory killer on the worker; the target is as before',
  },
  engine_unknown: {
    again: 'no',
    meaning: 'This kind of database is not supported',
    helps:
      'on work that is scheduled: start workers of a version that knows it, which will take it; otherwise correct the kind of the registered database',
  },
  hook_failed: {
    again: 'yes',
    meaning: 'A hook of the database failed',
    helps: 'read what it printed: GET …/backups/:id/hooks; see hooks',
  },
  bucket_missing: {
    again: 'no',
    meaning: 'The bucket does not exist',
    helps: 'create the bucket, or correct its name',
  },
  store_auth_failed: {
    again: 'no',
    meaning: 'The object store refused the access key or secret key',
    helps: 'correct the keys of the destination',
  },
  store_denied: {
    again: 'no',
    meaning: 'The object store denied an operation that is needed',
    helps: 'grant the operation that the message names',
  },
  store_unreachable: {
    again: 'yes',
    meaning: 'The object store could not be reached',
    helps: 'see that the store can be reached; one that is away in the middle is waited for',
  },
  store_failed: {
    again: 'yes',
    meaning: 'The object store answered with an error',
    helps: 'look at the store when it lasts',
  },
  store_full: { again: 'yes', meaning: 'The store has no space left', helps: 'make room' },
  store_too_large: {
    again: 'no',
    meaning: 'The archive is larger than the store can hold in one object',
    helps: 'choose a store that takes larger objects',
  },
  store_forbidden_address: {
    again: 'no',
    meaning: 'The endpoint resolves to an address that is not allowed',
    helps: 'allow the network by HOLDFAST_ALLOWED_NETWORKS if it is meant',
  },
  object_missing: {
    again: 'no',
    meaning: 'The stored object does not exist',
    helps: 'somebody removed it: take another backup',
  },
  integrity: {
    again: 'no',
    meaning: 'The stored bytes do not match their recorded size or checksum',
    helps: 'somebody or something changed it: take another backup',
  },
  key_missing: {
    again: 'no',
    meaning: 'None of the configured keys opens the backup',
    helps: 'add the private key of one of the public ones that the message names to HOLDFAST_BACKUP_IDENTITIES',
  },
  object_locked: {
    again: 'yes',
    meaning: 'The store refuses to remove the object before its lock ends',
    helps: 'wait: it is removed when the lock that the message names ends; a hold has to be released',
  },
  upload_unverified: {
    again: 'yes',
    meaning: 'The store does not hold what was sent to it',
    helps: 'look at the store when it lasts',
  },
  path_outside_root: {
    again: 'no',
    meaning: 'The path leaves the folders that it may lie in',
    helps: "remove the link that leads out of the local store's root, or add the folder to HOLDFAST_FILE_ROOTS",
  },
  secret_forgotten: {
    again: 'no',
    meaning: 'A stored secret was forgotten with the key that sealed it',
    helps: 'set what the message names again: the password, the keys, the hooks; see keys',
  },
  secret_unreadable: {
    again: 'no',
    meaning: 'None of the configured keys opens a stored secret',
    helps:
      'put the former key behind the others in HOLDFAST_SECRET_KEYS and restart; where it is lost for good, see keys',
  },
  remote_failed: {
    again: 'no',
    meaning: 'The remote server reported that it failed',
    helps: 'look at the agent’s log',
  },
  abandoned: { again: 'no', meaning: 'The remote server fell silent', helps: 'see that the agent runs' },
  lease_lost: {
    again: 'yes',
    meaning: 'Another worker took the work over',
    helps: 'nothing: whoever took it over goes on',
  },
  lease_expired: {
    again: 'yes',
    meaning: 'The worker stopped answering and its lease ran out',
    helps: 'look why the worker died',
  },
  stopping: {
    again: 'yes',
    meaning: 'The worker was asked to stop and handed the work back',
    helps: 'nothing: another worker goes on; not counted as a failure',
  },
  cancelled: { again: 'no', meaning: 'Cancelled on request', helps: 'ask again when it is wanted after all' },
  timed_out: {
    again: 'yes',
    meaning: 'The time limit was reached',
    helps: 'raise HOLDFAST_ATTEMPT_LIMIT_SECONDS when the work is that large',
  },
  configuration: {
    again: 'no',
    meaning: 'The configuration does not allow this work',
    helps: 'the message says what is missing, or who else answers at the address',
  },
  internal: {
    again: 'once',
    meaning: 'An unexpected error; the service log has the details under the request or job id',
    helps: 'read the service’s log under the id of the backup or restore',
  },
};
