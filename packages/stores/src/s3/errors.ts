import { HoldfastError, type ErrorCode } from '@holdfast/shared/domain';

/** What messages may name: never a key. */
export interface ErrorContext {
  bucket: string;
  /** Host of the endpoint. */
  host: string;
  region: string;
  /** What was being done, for messages: `Storing "a/b"`. */
  action: string;
  /** Of two pairs of keys, the one that alone deletes. */
  keys: 'all' | 'deletion';
}

const named = ({ keys }: ErrorContext, key: string): string => (keys === 'deletion' ? `deletion ${key}` : key);

interface Entry {
  code: ErrorCode;
  say: (context: ErrorContext, fault: Fault) => string;
}

/** The parts of an SDK error that are read. */
interface Fault {
  name: string;
  message: string;
  code: string;
  status: number | undefined;
  /** The region that the store says the bucket is in. */
  region: string | undefined;
  /** Whether the body was not the XML of S3, so that name and message tell only how the SDK failed to read it. */
  isUnreadable: boolean;
  /** Whether a delete marker stands where the object was. */
  isHidden: boolean;
}

const refusedKeys: Entry = {
  code: 'store_auth_failed',
  say: (context) =>
    `${context.host} refused the ${named(context, 'access key')} or ${named(context, 'secret key')}: correct them in the destination.`,
};
const refusedToken: Entry = {
  code: 'store_auth_failed',
  say: (context) =>
    `${context.host} refused the ${named(context, 'access key')} because it has expired or is not active: renew it.`,
};
const clock: Entry = {
  code: 'store_auth_failed',
  say: ({ host }) =>
    `${host} refused the request because this machine's clock is wrong by many minutes: set the clock.`,
};
const denied: Entry = {
  code: 'store_denied',
  say: ({ host, bucket, action, keys }) =>
    keys === 'deletion'
      ? `${action} was denied by ${host}: give the deletion access key permission to list versions and to delete in the bucket "${bucket}".`
      : `${action} was denied by ${host}: give the access key permission to read, write, list and delete in the bucket "${bucket}".`,
};
const secondFactor: Entry = {
  code: 'store_denied',
  say: ({ host, bucket, action }) =>
    `${action} was denied by ${host}: the bucket "${bucket}" asks for a second factor (MFA Delete), which no service can give. Switch MFA Delete off, or remove the object by hand.`,
};
const noBucket: Entry = {
  code: 'bucket_missing',
  say: ({ host, bucket }) => `The bucket "${bucket}" does not exist at ${host}: create it, or correct the destination.`,
};
const badBucket: Entry = {
  code: 'configuration',
  say: ({ host, bucket }) => `${host} does not accept "${bucket}" as the name of a bucket: correct the destination.`,
};
const elsewhere: Entry = {
  code: 'configuration',
  say: ({ host, bucket, region }, fault) =>
    fault.region && fault.region !== region
      ? `The bucket "${bucket}" is in the region ${fault.region}, not ${region}: correct the destination's region.`
      : `${host} says that the bucket "${bucket}" is elsewhere: correct the destination's region or endpoint.`,
};
const gone: Entry = {
  code: 'object_missing',
  say: ({ bucket, action }, { isHidden }) =>
    isHidden
      ? `${action} failed: the object was deleted from the bucket "${bucket}". An older version of it is still there and can be brought back.`
      : `${action} failed: the object does not exist in the bucket "${bucket}".`,
};
const full: Entry = {
  code: 'store_full',
  say: ({ host, bucket }) => `${host} has no space left for the bucket "${bucket}": free space or raise the quota.`,
};
const tooLarge: Entry = {
  code: 'store_too_large',
  say: ({ host, action }) => `${action} failed: ${host} does not hold an object or a part that large.`,
};
const changed: Entry = {
  code: 'integrity',
  say: ({ action }) => `${action} failed: the object was replaced by another one while it was read.`,
};
const outOfRange: Entry = {
  code: 'integrity',
  say: ({ action }) => `${action} failed: the object is shorter than the bytes asked for.`,
};
const failed: Entry = {
  code: 'store_failed',
  say: ({ host, action }, fault) => {
    const words = fault.isUnreadable ? [] : [fault.name, fault.message];
    const said = words.filter((part) => part !== '' && part !== 'UnknownError').join(': ');
    return `${action} failed: ${host} answered ${said.slice(0, 300) || `with status ${fault.status}`}.`;
  },
};
const notS3: Entry = {
  code: 'store_failed',
  say: ({ host, action }) => `${action} failed: ${host} answered something that is not S3: correct the endpoint.`,
};

const byName: Record<string, Entry> = {
  InvalidAccessKeyId: refusedKeys,
  SignatureDoesNotMatch: refusedKeys,
  InvalidSecurity: refusedKeys,
  NotSignedUp: refusedKeys,
  ExpiredToken: refusedToken,
  InvalidToken: refusedToken,
  AccountProblem: refusedToken,
  RequestTimeTooSkewed: clock,
  RequestExpired: clock,
  AccessDenied: denied,
  AllAccessDisabled: denied,
  Forbidden: denied,
  NoSuchBucket: noBucket,
  InvalidBucketName: badBucket,
  PermanentRedirect: elsewhere,
  TemporaryRedirect: elsewhere,
  Redirect: elsewhere,
  AuthorizationHeaderMalformed: elsewhere,
  IllegalLocationConstraintException: elsewhere,
  NoSuchKey: gone,
  NoSuchVersion: gone,
  NotFound: gone,
  QuotaExceeded: full,
  QuotaExceededException: full,
  XMinioStorageFull: full,
  InsufficientStorage: full,
  EntityTooLarge: tooLarge,
  InvalidRange: outOfRange,
  PreconditionFailed: changed,
};

const unreachable = (why: (context: ErrorContext) => string): Entry => ({
  code: 'store_unreachable',
  say: (context) => `${context.action} failed: ${why(context)}`,
});
const untrusted = unreachable(
  ({ host }) => `the TLS certificate of ${host} is not trusted. Give the service its authority by NODE_EXTRA_CA_CERTS.`,
);
const silent = unreachable(({ host }) => `${host} did not answer in time.`);
const broken = unreachable(({ host }) => `the connection to ${host} broke.`);

const byNetworkCode: Record<string, Entry> = {
  ENOTFOUND: unreachable(({ host }) => `the host name ${host} does not exist.`),
  EAI_AGAIN: unreachable(({ host }) => `the host name ${host} could not be looked up.`),
  ECONNREFUSED: unreachable(({ host }) => `${host} refuses connections.`),
  EHOSTUNREACH: unreachable(({ host }) => `there is no route to ${host}.`),
  ENETUNREACH: unreachable(({ host }) => `there is no route to ${host}.`),
  ETIMEDOUT: silent,
  ECONNRESET: broken,
  EPIPE: broken,
  EPROTO: unreachable(({ host }) => `${host} does not speak TLS as expected. Is it http instead of https?`),
  HPE_INVALID_CONSTANT: unreachable(({ host }) => `${host} does not speak HTTP. Is it https instead of http?`),
  CERT_HAS_EXPIRED: untrusted,
  DEPTH_ZERO_SELF_SIGNED_CERT: untrusted,
  SELF_SIGNED_CERT_IN_CHAIN: untrusted,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted,
  ERR_TLS_CERT_ALTNAME_INVALID: untrusted,
};

/** Names a failure of the SDK, the network or the store. Ours (a refused address) pass as they are. */
export function storeError(thrown: unknown, context: ErrorContext): HoldfastError {
  if (thrown instanceof HoldfastError) return thrown;
  const fault = faultOf(thrown);
  const entry = entryFor(fault);
  return new HoldfastError(entry.code, entry.say(context, fault), { cause: summary(fault) });
}

/** The SDK's errors carry the request's signature and access key, which do not belong into logs. */
function summary(fault: Fault): Error {
  const { name, message, code, status } = fault;
  return Object.assign(new Error(message), { name, ...(code === '' ? {} : { code }), status });
}

function entryFor(fault: Fault): Entry {
  if (fault.name === 'AccessDenied' && /\bmfa\b/i.test(fault.message)) return secondFactor;
  const known = byName[fault.name] ?? byNetworkCode[fault.code];
  if (known) return known;
  if (fault.name === 'TimeoutError') return silent;
  const { status } = fault;
  if (status === undefined) return fault.code === '' ? failed : broken;
  if (status >= 300 && status < 400) return elsewhere;
  if (status === 401 || status === 403) return denied;
  if (status === 412) return changed;
  if (status === 507) return full;
  return status < 300 || (fault.isUnreadable && status < 500) ? notS3 : failed;
}

function faultOf(thrown: unknown): Fault {
  const error = thrown as {
    name?: unknown;
    message?: unknown;
    code?: unknown;
    Code?: unknown;
    Region?: unknown;
    $metadata?: { httpStatusCode?: number };
    $response?: { headers?: Record<string, string> };
  };
  const text = (value: unknown): string => (typeof value === 'string' ? value : '');
  return {
    name: text(error.name),
    message: text(error.message),
    isUnreadable: text(error.message).includes('Deserialization error'),
    isHidden: error.$response?.headers?.['x-amz-delete-marker'] === 'true',
    code: text(error.code),
    status: error.$metadata?.httpStatusCode,
    region: text(error.Region) || error.$response?.headers?.['x-amz-bucket-region'],
  };
}

/**
 * Whether the store has said that there is no such upload (completed, aborted, or never there). Ceph says instead that
 * there is no such key when the parts of one are asked for.
 */
export function isNoSuchUpload(error: HoldfastError): boolean {
  return nameOfCause(error) === 'NoSuchUpload' || error.code === 'object_missing';
}

const refusalsOfParts = new Set(['InvalidPart', 'InvalidPartOrder', 'EntityTooSmall']);

/** Whether the store has said that the parts do not make up an object. */
export function isRefusalOfParts(error: HoldfastError): boolean {
  return refusalsOfParts.has(nameOfCause(error));
}

/** Whether the store does not take the request as it is, which it hardly ever explains. */
export function isInvalidRequest(error: HoldfastError): boolean {
  return nameOfCause(error) === 'InvalidRequest';
}

/** Whether the store has said that the bucket cannot lock. */
export function isWithoutLock(error: HoldfastError): boolean {
  return nameOfCause(error) === 'ObjectLockConfigurationNotFoundError' || isNotImplemented(error);
}

/** Whether the provider does not have the operation at all. */
export function isNotImplemented(error: HoldfastError): boolean {
  return nameOfCause(error) === 'NotImplemented';
}

const passing = new Set(['RequestTimeout', 'SlowDown', 'ServiceUnavailable', 'InternalError', 'Throttling']);

/** Whether the store is away, overloaded or broken inside, so that the very same request may succeed later. */
export function isAway(error: HoldfastError): boolean {
  if (error.code === 'store_unreachable') return true;
  if (error.code !== 'store_failed' || isNotImplemented(error)) return false;
  const { status } = (error.cause ?? {}) as { status?: number };
  return (
    passing.has(nameOfCause(error)) || (status !== undefined && (status >= 500 || status === 429 || status === 408))
  );
}

function nameOfCause(error: HoldfastError): string {
  return error.cause instanceof Error ? error.cause.name : '';
}
