import type { LookupFunction } from 'node:net';
import type { BackoffPolicy } from '@holdfast/shared/domain';

/** What tests and unusual networks change; the defaults are for production. */
export interface S3Options {
  connectTimeoutMs: number;
  /** Without a byte in either direction for this long, a request counts as stalled. */
  idleTimeoutMs: number;
  /** Requests that the SDK makes for one operation, the first included; its pauses are short and jittered. */
  requestAttempts: number;
  /** Pauses before what failed in spite of those is tried again. */
  pauses: BackoffPolicy;
  /** Further trials of what fails although the store is there; one that is away has the operator's patience. */
  furtherTrials: number;
  /** Limit for the check before the first byte and for cleaning up after the last. */
  checkTimeoutMs: number;
  /** Limit for cleaning up where somebody waits for the end, or the store is away: the sweep finds what stays. */
  hastyCleanUpMs: number;
  /** Bytes that the buffers of one upload have together, unless a single part is larger. */
  memoryBudget: number;
  /** Bytes of the first part; null for the plan's own. */
  firstPart: number | null;
  /** Provider that wants all parts but the last equal; null to tell by the endpoint's host. */
  equalParts: boolean | null;
  allocate: (size: number) => Buffer;
  /** Looks names up; null for the system's way. */
  lookup: LookupFunction | null;
}

export const defaultOptions: S3Options = {
  connectTimeoutMs: 5000,
  idleTimeoutMs: 60_000,
  requestAttempts: 3,
  pauses: { baseSeconds: 0.5, capSeconds: 10 },
  furtherTrials: 3,
  checkTimeoutMs: 12_000,
  hastyCleanUpMs: 700,
  memoryBudget: 64 * 1024 * 1024,
  firstPart: null,
  equalParts: null,
  allocate: (size) => Buffer.allocUnsafeSlow(size),
  lookup: null,
};
