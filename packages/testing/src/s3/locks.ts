import type { IncomingHttpHeaders } from 'node:http';
import { S3Error } from './errors.ts';
import type { Bucket, Retention } from './storage.ts';
import { elements } from './xml.ts';
import type { XmlNode } from './xml.ts';

const dayMs = 24 * 3_600_000;
const malformed = (): S3Error => new S3Error(400, 'MalformedXML', 'The XML you provided was not well-formed.');

/** What an object is locked by from its beginning: what its headers say, or else the rule of the bucket. */
export function retentionOf(bucket: Bucket, headers: IncomingHttpHeaders, now: number): Retention | undefined {
  const mode = headers['x-amz-object-lock-mode'];
  const until = headers['x-amz-object-lock-retain-until-date'];
  if (mode === undefined && until === undefined) {
    const rule = bucket.objectLock?.rule;
    return rule ? { mode: rule.mode, until: now + rule.days * dayMs } : undefined;
  }
  if (!bucket.objectLock) {
    throw new S3Error(400, 'InvalidRequest', 'Bucket is missing Object Lock Configuration');
  }
  return checkedRetention(String(mode), Date.parse(String(until)), now);
}

/** S3 wants the bytes of what it locks to be bound to their request. @throws S3Error */
export function requireDigest(headers: IncomingHttpHeaders): void {
  const isBound = headers['content-md5'] !== undefined || Object.keys(headers).some((name) => isChecksum(name));
  if (headers['x-amz-object-lock-mode'] === undefined || isBound) return;
  throw new S3Error(
    400,
    'InvalidRequest',
    'Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters',
  );
}

const isChecksum = (name: string): boolean => name.startsWith('x-amz-checksum-') || name === 'x-amz-trailer';

function checkedRetention(mode: string, until: number, now: number): Retention {
  if ((mode !== 'GOVERNANCE' && mode !== 'COMPLIANCE') || Number.isNaN(until)) {
    throw new S3Error(400, 'InvalidArgument', 'Unknown wormMode directive, or a date that is none.');
  }
  if (until <= now) throw new S3Error(400, 'InvalidArgument', 'The retain until date must be in the future!');
  return { mode, until };
}

/** What PutObjectRetention leads to: a lock may grow; a weaker one needs the right to pass by governance. */
export function changedRetention(
  old: Retention | undefined,
  xml: string,
  { now, mayBypass }: { now: number; mayBypass: boolean },
): Retention {
  const [mode = ''] = elements(xml, 'Mode');
  const [until = ''] = elements(xml, 'RetainUntilDate');
  const wanted = checkedRetention(mode, Date.parse(until), now);
  const isWeaker =
    old !== undefined &&
    old.until > now &&
    (wanted.until < old.until || (old.mode === 'COMPLIANCE' && wanted.mode !== 'COMPLIANCE'));
  if (isWeaker && !(old.mode === 'GOVERNANCE' && mayBypass)) {
    throw new S3Error(403, 'AccessDenied', 'Access Denied because object protected by object lock.');
  }
  return wanted;
}

export function lockConfiguration({ objectLock }: Bucket): XmlNode {
  if (!objectLock) {
    throw new S3Error(
      404,
      'ObjectLockConfigurationNotFoundError',
      'Object Lock configuration does not exist for this bucket',
    );
  }
  const { rule } = objectLock;
  return {
    ObjectLockEnabled: 'Enabled',
    ...(rule ? { Rule: { DefaultRetention: { Mode: rule.mode, Days: rule.days } } } : {}),
  };
}

/** PutObjectLockConfiguration: only a bucket that keeps versions can lock. */
export function setLockConfiguration(bucket: Bucket, xml: string): void {
  if (bucket.versioning !== 'Enabled') {
    throw new S3Error(409, 'InvalidBucketState', 'Versioning must be Enabled on the bucket');
  }
  const [mode] = elements(xml, 'Mode');
  if (mode === undefined) bucket.objectLock = {};
  else {
    const days = Number(elements(xml, 'Days')[0]);
    if ((mode !== 'GOVERNANCE' && mode !== 'COMPLIANCE') || !(days > 0)) throw malformed();
    bucket.objectLock = { rule: { mode, days } };
  }
}

/** PutBucketVersioning: a bucket that locks keeps versions for ever. */
export function setVersioning(bucket: Bucket, xml: string): void {
  const [status] = elements(xml, 'Status');
  if (status !== 'Enabled' && status !== 'Suspended') throw malformed();
  if (bucket.objectLock && status === 'Suspended') {
    throw new S3Error(409, 'InvalidBucketState', 'An Object Lock configuration is present on this bucket.');
  }
  bucket.versioning = status;
}

export const retentionXml = ({ mode, until }: Retention): XmlNode => ({
  Mode: mode,
  RetainUntilDate: new Date(until).toISOString(),
});
