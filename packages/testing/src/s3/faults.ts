/** The operations that the server tells apart. */
export type RequestKind =
  | 'listBuckets'
  | 'createBucket'
  | 'removeBucket'
  | 'headBucket'
  | 'bucketLocation'
  | 'getVersioning'
  | 'putVersioning'
  | 'getLock'
  | 'putLock'
  | 'putObject'
  | 'getObject'
  | 'headObject'
  | 'getRetention'
  | 'putRetention'
  | 'deleteObject'
  | 'deleteObjects'
  | 'listObjects'
  | 'listVersions'
  | 'createUpload'
  | 'uploadPart'
  | 'completeUpload'
  | 'abortUpload'
  | 'listUploads'
  | 'listParts'
  | 'unknown';

export type Effect =
  /** Refuses without doing anything. */
  | { type: 'answer'; status: number; code: string; message?: string }
  /** Answers 200, and the body says that it failed; nothing is done. `tail` follows the XML. */
  | { type: 'errorInside200'; code: string; tail?: string }
  /** Answers 200 with a text that is not S3's (a proxy's page); nothing is done. */
  | { type: 'foreign200'; body: string }
  /** Does it, but leaves the ETag out of the answer. */
  | { type: 'noEtag' }
  /** Does it, but keeps and answers an ETag that is not the content's. */
  | { type: 'wrongEtag' }
  /** Does it on fewer bytes than came, and says so afterwards in HEAD. */
  | { type: 'loseByte' }
  /** Closes the connection before the body is read. */
  | { type: 'dropBefore' }
  /** Does it, then closes the connection instead of answering. */
  | { type: 'dropAfter' }
  /** Reads nothing and never answers. */
  | { type: 'stall' }
  /** Does it after a pause. */
  | { type: 'slow'; ms: number }
  /** Sends this many bytes of the answer's body, then closes the connection. */
  | { type: 'cutBody'; bytes: number }
  /** Sends this many bytes of the answer's body, then nothing more. */
  | { type: 'stallBody'; bytes: number };

export interface Fault {
  kind: RequestKind;
  effect: Effect;
  /** The first matching request that is hit, counted from 1. */
  from?: number;
  /** How many in a row; all when absent. */
  times?: number;
}

/** How this server differs from Amazon's. */
export interface Dialect {
  maxParts: number;
  /** All parts but the last must have the same size (Cloudflare R2). */
  equalParts: boolean;
  /** Refuses `x-amz-checksum-*` headers and trailers. */
  rejectsChecksums: boolean;
  /** Answers 501 when unfinished uploads are to be listed. */
  noUploadListing: boolean;
  /** Answers 501 to everything about versions and locks, and heeds no lock that is asked for. */
  noVersions: boolean;
  /** Forgets the lock of what is uploaded in parts (Ceph 16). */
  forgetsLockOfParts: boolean;
  /** Does not know `If-Match`: answers with what it has. */
  ignoresConditions: boolean;
  /** Does not know `Range`: answers with the whole object. */
  ignoresRanges: boolean;
  /** ETags are opaque texts, not digests. */
  opaqueEtags: boolean;
  /** Bytes that every part but the last must have. */
  minPartSize: number;
  /** Entries on one page of a list. */
  pageSize: number;
}

export const plainDialect: Dialect = {
  maxParts: 10_000,
  equalParts: false,
  rejectsChecksums: false,
  noUploadListing: false,
  noVersions: false,
  forgetsLockOfParts: false,
  ignoresConditions: false,
  ignoresRanges: false,
  opaqueEtags: false,
  minPartSize: 5 * 1024 * 1024,
  pageSize: 1000,
};

/** The faults that are switched on, each with how many requests it has seen. */
export class Faults {
  #active: { fault: Fault; seen: number }[] = [];

  add(...faults: Fault[]): void {
    this.#active.push(...faults.map((fault) => ({ fault, seen: 0 })));
  }

  clear(): void {
    this.#active = [];
  }

  /** The effect on the request that just came; it counts for every fault of its kind. */
  next(kind: RequestKind): Effect | null {
    let hit: Effect | null = null;
    for (const entry of this.#active) {
      if (entry.fault.kind !== kind) continue;
      entry.seen += 1;
      const { from = 1, times = Infinity, effect } = entry.fault;
      if (entry.seen >= from && entry.seen < from + times) hit ??= effect;
    }
    return hit;
  }
}
