import { HoldfastError } from '@holdfast/shared/domain';

const MiB = 1024 * 1024;
const GiB = 1024 * MiB;
const TiB = 1024 * GiB;

/** How an upload of unknown length is cut into parts. */
export interface PartPlan {
  readonly maxParts: number;
  /** Largest object that the plan can hold, in bytes. */
  readonly maxBytes: number;
  /** Bytes of the part with this number, counted from 1; only the last part of an object is shorter. */
  sizeOf(partNumber: number): number;
}

interface PlanOptions {
  /** Parts that the provider allows for one upload. */
  maxParts: number;
  /** The provider wants all parts but the last equal, so they cannot grow. */
  equalParts: boolean;
  /** Bytes of the first part. */
  firstPart?: number;
}

const firstPart = 8 * MiB;
const equalPart = 32 * MiB;
const largestPart = GiB;
const largestObject = 5 * TiB;
const doublings = 0.08;

/**
 * Parts start small, because memory is part size times parts in flight, and double after each 8 % of the allowed
 * number, because nobody knows the length beforehand. With 10,000 parts: 8 MiB up to 6 GiB, 64 MiB up to 94 GiB,
 * 1 GiB from 794 GiB, 5 TiB in all. With 1,000 parts: 8 MiB up to 640 MiB, 519 GiB in all.
 */
export function planParts(options: PlanOptions): PartPlan {
  const { maxParts, equalParts } = options;
  const first = options.firstPart ?? (equalParts ? equalPart : firstPart);
  const step = Math.max(1, Math.floor(maxParts * doublings));
  const sizeOf = (partNumber: number): number =>
    equalParts ? first : Math.min(largestPart, first * 2 ** Math.min(30, Math.floor((partNumber - 1) / step)));
  return { maxParts, maxBytes: Math.min(largestObject, total(sizeOf, maxParts)), sizeOf };
}

interface EqualPartsOptions {
  /** Parts that the provider allows for one upload. */
  maxParts: number;
  /** Bytes of a part while the object is small, and what larger ones are multiples of; null for the usual. */
  firstPart: number | null;
}

const equalLinkedPart = 64 * MiB;
const largestLinkedPart = 5 * GiB;
/** More links than these make the answer that lists them larger than a megabyte. */
const fewLinks = 2000;

/**
 * How an object of a known size is cut into equal parts that others send. A part that fails is sent again as a whole, so
 * parts are 64 MiB as long as that makes at most 2,000 (125 GiB), and larger beyond: 576 MiB for 1 TiB.
 * @throws HoldfastError store_too_large
 */
export function planEqualParts(
  size: number,
  { maxParts, firstPart: first }: EqualPartsOptions,
): { partSize: number; count: number } {
  const maxBytes = Math.min(largestObject, maxParts * largestLinkedPart);
  if (size > maxBytes) throw tooLarge({ maxBytes, maxParts });
  const unit = first ?? equalLinkedPart;
  const units = Math.max(1, Math.ceil(size / Math.min(maxParts, fewLinks) / unit));
  const partSize = units * unit;
  return { partSize, count: Math.max(1, Math.ceil(size / partSize)) };
}

export function tooLarge({ maxBytes, maxParts }: { maxBytes: number; maxParts: number }): HoldfastError {
  return new HoldfastError(
    'store_too_large',
    `The archive is larger than ${describeBytes(maxBytes)}, the most that fits into one object of ${maxParts} parts at this destination: use a store that allows more parts, or raise max_parts if it does.`,
  );
}

function describeBytes(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  return `${Number((bytes / 1024 ** power).toFixed(1))} ${units[power]}`;
}

function total(sizeOf: (partNumber: number) => number, maxParts: number): number {
  let bytes = 0;
  for (let number = 1; number <= maxParts; number += 1) bytes += sizeOf(number);
  return bytes;
}
