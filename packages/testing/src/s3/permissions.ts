import type { IncomingHttpHeaders } from 'node:http';
import { S3Error } from './errors.ts';
import type { RequestKind } from './faults.ts';
import { allows, type Policy } from './policy.ts';
import type { Addressed } from './request.ts';

/** What a request needs, in Amazon's words. */
const actions: Record<RequestKind, string> = {
  listBuckets: 's3:ListAllMyBuckets',
  createBucket: 's3:CreateBucket',
  removeBucket: 's3:DeleteBucket',
  headBucket: 's3:ListBucket',
  bucketLocation: 's3:GetBucketLocation',
  getVersioning: 's3:GetBucketVersioning',
  putVersioning: 's3:PutBucketVersioning',
  getLock: 's3:GetBucketObjectLockConfiguration',
  putLock: 's3:PutBucketObjectLockConfiguration',
  listObjects: 's3:ListBucket',
  listVersions: 's3:ListBucketVersions',
  putObject: 's3:PutObject',
  getObject: 's3:GetObject',
  headObject: 's3:GetObject',
  getRetention: 's3:GetObjectRetention',
  putRetention: 's3:PutObjectRetention',
  deleteObject: 's3:DeleteObject',
  deleteObjects: 's3:DeleteObject',
  createUpload: 's3:PutObject',
  uploadPart: 's3:PutObject',
  completeUpload: 's3:PutObject',
  abortUpload: 's3:AbortMultipartUpload',
  listUploads: 's3:ListBucketMultipartUploads',
  listParts: 's3:ListMultipartUploadParts',
  unknown: 's3:Unknown',
};

/** Those of which a version can be named have another name then. */
const ofVersions: Partial<Record<RequestKind, string>> = {
  getObject: 's3:GetObjectVersion',
  headObject: 's3:GetObjectVersion',
  deleteObject: 's3:DeleteObjectVersion',
};

/** What the sender of one request may do in its bucket. */
export class Permissions {
  readonly #policy: Policy | null;
  readonly #bucket: string;

  constructor(policy: Policy | null, bucket: string) {
    this.#policy = policy;
    this.#bucket = bucket;
  }

  /** @param key absent for what concerns the bucket */
  may(action: string, key?: string): boolean {
    const path = key === undefined ? this.#bucket : `${this.#bucket}/${key}`;
    return allows(this.#policy, action, `arn:aws:s3:::${path}`);
  }

  /** @throws S3Error AccessDenied */
  require(action: string, key?: string): void {
    if (!this.may(action, key)) throw new S3Error(403, 'AccessDenied', 'Access Denied');
  }

  /** Checks what the request is, and what its headers ask for. @throws S3Error AccessDenied */
  requireFor({ kind, key, query }: Addressed, headers: IncomingHttpHeaders): void {
    const named = query.has('versionId') ? ofVersions[kind] : undefined;
    const target = key === '' ? undefined : key;
    // Each of its keys is asked for.
    if (kind !== 'deleteObjects') this.require(named ?? actions[kind], target);
    if (headers['x-amz-object-lock-mode'] !== undefined) this.require('s3:PutObjectRetention', target);
  }
}
