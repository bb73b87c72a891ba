import { createHash } from 'node:crypto';
import { HoldfastError, type ObjectRetention, type StoredObject } from '@holdfast/shared/domain';

/** What the store should hold. */
export interface Expected {
  size: number;
  /** The MD5 of the content, or `md5-<parts>` of an object made of parts, as S3 defines ETags; null where unknown. */
  etag: string | null;
  /** How it was to be locked; absent: not at all. */
  retention?: ObjectRetention | undefined;
}

const md5Form = /^[0-9a-f]{32}(-\d+)?$/;

export function plainTag(etag: string): string {
  return etag.replaceAll('"', '').toLowerCase();
}

/**
 * The ETag where it is a digest of the content, null where it is something else: other providers' own forms, and
 * objects encrypted with a managed key, whose ETag only looks like one.
 */
export function digestTag(etag: string | undefined, encryption: string | undefined): string | null {
  if (etag === undefined || (encryption !== undefined && encryption !== 'AES256')) return null;
  const plain = plainTag(etag);
  return md5Form.test(plain) ? plain : null;
}

/** The ETag that S3 gives to an object made of parts: the MD5 of the parts' MD5s, and their number. */
export function etagOfParts(digests: readonly Buffer[]): string {
  return `${createHash('md5').update(Buffer.concat(digests)).digest('hex')}-${digests.length}`;
}

/** An object as the store describes it, with the digest that its ETag is, where it is one. */
export interface DescribedObject extends StoredObject {
  digest: string | null;
  /** Null where it is not locked, or nobody may know. */
  retention: ObjectRetention | null;
}

/** Stores keep whole seconds. */
const lockToleranceMs = 1000;

/** Whether a lock ends earlier than another, or can be passed by where the other cannot. */
export function isWeaker(found: ObjectRetention, asked: ObjectRetention): boolean {
  const isShorter = found.until.getTime() < asked.until.getTime() - lockToleranceMs;
  return isShorter || (asked.mode === 'compliance' && found.mode !== 'compliance');
}

/** A lock is the last guard of a backup, so one that the store does not confirm is none. @throws HoldfastError */
function verifyLock({ key, retention: found }: DescribedObject, asked: ObjectRetention): void {
  if (!found) {
    throw new HoldfastError(
      'upload_unverified',
      `The store does not say that "${key}" is locked, which was asked for: see that the bucket has Object Lock and that the access key may read locks (s3:GetObjectRetention).`,
    );
  }
  if (isWeaker(found, asked)) {
    throw new HoldfastError(
      'upload_unverified',
      `The store locked "${key}" in the mode ${found.mode} until ${found.until.toISOString()} instead of ${asked.mode} until ${asked.until.toISOString()}.`,
    );
  }
}

/** Compares what the store answers about an object with what was sent. @throws HoldfastError upload_unverified */
export function verifyStored(stored: DescribedObject | null, expected: Expected, key: string): DescribedObject {
  if (!stored) {
    throw new HoldfastError('upload_unverified', `The store accepted "${key}" but does not have it now.`);
  }
  if (stored.size !== expected.size) {
    throw new HoldfastError(
      'upload_unverified',
      `The store holds ${stored.size} bytes under "${key}", ${expected.size} were sent.`,
    );
  }
  if (comparable(stored.digest, expected.etag) && stored.digest !== expected.etag) {
    throw new HoldfastError('upload_unverified', `The store's checksum of "${key}" is not that of the bytes sent.`);
  }
  if (expected.retention) verifyLock(stored, expected.retention);
  return stored;
}

/** Whether the object there can only be the one that was sent; for when the store's own answer was lost. */
export function isProven(stored: DescribedObject | null, expected: Expected): stored is DescribedObject {
  return stored?.size === expected.size && stored.digest !== null && stored.digest === expected.etag;
}

/** Providers that give an object made of parts the MD5 of its whole content say nothing about ours. */
function comparable(left: string | null, right: string | null): boolean {
  return left !== null && right !== null && left.includes('-') === right.includes('-');
}
