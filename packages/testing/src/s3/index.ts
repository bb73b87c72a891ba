import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Faults, plainDialect, type Dialect, type RequestKind } from './faults.ts';
import type { Policy } from './policy.ts';
import { S3Server } from './server.ts';
import { Storage } from './storage.ts';
import { versionsOf } from './versions.ts';

export type { Command, ControlAnswer } from './control.ts';
export type { Dialect, Effect, Fault, RequestKind } from './faults.ts';
export type { Policy } from './policy.ts';
export { startS3Process, type S3Process } from './process.ts';

export interface S3ServerOptions {
  /** 0 for any free one. */
  port?: number;
  /** Folder for the bytes; a temporary one, removed on stop, when absent. */
  folder?: string;
  /** False: uploads are digested and counted but not kept, and read as zeros. */
  keepBytes?: boolean;
  accessKey?: string;
  secretKey?: string;
  /** Others than the one above, who may do everything. */
  users?: readonly TestUser[];
  region?: string;
  bucket?: string;
  /** Whether the bucket keeps versions. */
  versioning?: boolean;
  /** Whether the bucket can lock, and so keeps versions too. */
  objectLock?: boolean;
  dialect?: Partial<Dialect>;
  /** Names under which a bucket may stand in front of the host, beside path style. */
  virtualHosts?: readonly string[];
  /** Address to listen on. */
  host?: string;
}

/** Keys that may do what a policy says. */
export interface TestUser {
  accessKey: string;
  secretKey: string;
  policy: Policy;
}

/** A version of an object, or a delete marker. */
export interface TestVersion {
  key: string;
  versionId: string;
  isMarker: boolean;
  lockedUntil: Date | null;
}

export interface TestUpload {
  key: string;
  uploadId: string;
  parts: number;
}

/** A running server that speaks S3's protocol. */
export interface TestS3 {
  endpoint: string;
  port: number;
  region: string;
  accessKey: string;
  secretKey: string;
  /** Exists from the start. */
  bucket: string;
  faults: Faults;
  /** Requests since the start, by kind. */
  requests: Partial<Record<RequestKind, number>>;
  openConnections(): number;
  openUploads(): TestUpload[];
  objects(): { key: string; size: number; etag: string }[];
  /** All versions and delete markers, those of one key from the newest on. */
  versions(): TestVersion[];
  /** Lets time pass for locks alone. */
  advance(ms: number): void;
  /** Turns one stored byte around without anybody's knowledge. */
  corrupt(key: string, position: number): Promise<void>;
  /** Stops listening and drops every connection; the content stays. */
  pause(): Promise<void>;
  /** Listens again on the same port. */
  resume(): Promise<void>;
  /** `pause`, then `resume`. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts a small S3-protocol server for tests and measurements: signatures, digests, part rules and pages are checked as
 * Amazon's documentation says; `faults` and `dialect` make it behave like worse ones.
 */
export async function startS3(options: S3ServerOptions = {}): Promise<TestS3> {
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'holdfast-s3-')));
  const storage = new Storage(folder, options.keepBytes ?? true);
  const bucket = options.bucket ?? 'backups';
  const { versioning = false, objectLock = false } = options;
  storage.createBucket(bucket, { versioning, objectLock });
  const accessKey = options.accessKey ?? 'test-access-key';
  const secretKey = options.secretKey ?? 'test-secret-key';
  const region = options.region ?? 'us-east-1';
  const host = options.host ?? '127.0.0.1';
  const faults = new Faults();
  const owner = { accessKey, secretKey, policy: null };
  let passed = 0;
  const server = new S3Server({
    storage,
    credentials: [owner, ...(options.users ?? [])].map((user) => ({ ...user, region })),
    dialect: { ...plainDialect, ...options.dialect },
    faults,
    virtualHosts: options.virtualHosts ?? [],
    host,
    now: () => Date.now() + passed,
  });
  const port = await server.listen(options.port ?? 0);
  const content = () => storage.bucket(bucket) ?? { objects: {}, older: {}, uploads: {} };
  const resume = async (): Promise<void> => {
    await server.listen(port);
  };
  return {
    endpoint: `http://${host}:${port}`,
    port,
    region,
    accessKey,
    secretKey,
    bucket,
    faults,
    requests: server.requests,
    openConnections: () => server.openConnections,
    openUploads: () =>
      Object.values(content().uploads).map(({ key, uploadId, parts }) => {
        return { key, uploadId, parts: Object.keys(parts).length };
      }),
    objects: () => Object.entries(content().objects).map(([key, { size, etag }]) => ({ key, size, etag })),
    versions: () => {
      const held = content();
      const keys = new Set([...Object.keys(held.objects), ...Object.keys(held.older)]);
      return [...keys].sort().flatMap((key) =>
        versionsOf(held, key).map(({ versionId, object }) => {
          const until = object?.retention?.until;
          const lockedUntil = until === undefined ? null : new Date(until);
          return { key, versionId, isMarker: object === null, lockedUntil };
        }),
      );
    },
    advance: (ms) => {
      passed += ms;
    },
    corrupt: async (key, position) => {
      await storage.corrupt(content().objects[key]?.segments ?? [], position);
    },
    pause: () => server.close(),
    resume,
    restart: async () => {
      await server.close();
      await resume();
    },
    stop: async () => {
      await server.close();
      // A request that was given up may still be on its way to the folder.
      const removal = { recursive: true, force: true, maxRetries: 5, retryDelay: 50 };
      if (options.folder === undefined) await rm(folder, removal);
    },
  };
}
