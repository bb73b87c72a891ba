import { archiveDetails } from '@holdfast/shared/contracts';
import { checksumDigits, type ChecksumType, type UploadedPart } from '@holdfast/shared/domain';
import { z } from 'zod';

const checksumTypes = Object.keys(checksumDigits) as [ChecksumType, ...ChecksumType[]];

const uploadedPart = z.object({
  etag: z.string().min(1).max(1024).meta({ description: 'As the store gave it, with its quotes.' }),
  part_number: z.int().min(1).max(10_000),
});

/** Parts may come in any order, but each number from 1 to their count once. */
const parts = z
  .array(uploadedPart)
  .max(10_000)
  .superRefine((given, context) => {
    const seen = new Set<number>();
    for (const [index, { part_number: number }] of given.entries()) {
      const wrong = (rule: string, message: string): void =>
        context.addIssue({ code: 'custom', path: [index, 'part_number'], params: { rule }, message });
      if (seen.has(number)) wrong('distinct', 'must not be the number of another part');
      if (number > given.length) wrong('between', `must be a number from 1 to ${given.length}, without gaps`);
      seen.add(number);
    }
  });

/** What a report of failure holds beside that is of no meaning; its fields are empty there. */
const report = z.object({
  successful: z.boolean(),
  checksum: z.string().max(128).nullish(),
  checksum_type: z.string().max(16).nullish(),
  size: z.number().nullish(),
  parts: parts.nullish(),
  archive: archiveDetails.nullish(),
});

type Report = z.output<typeof report>;

/** What is wrong with a report of success: field, rule and message. */
function* problemsOfSuccess({ checksum, checksum_type: type, size, parts: uploaded }: Report) {
  const required = ['required_if', 'is required when successful is true'] as const;
  if (isMissing(checksum)) yield ['checksum', ...required] as const;
  if (isMissing(type)) yield ['checksum_type', ...required] as const;
  if (isMissing(size)) yield ['size', ...required] as const;
  const known = checksumTypes.find((one) => one === type);
  if (typeof type === 'string' && type !== '' && !known) {
    yield ['checksum_type', 'in', `must be one of ${checksumTypes.join(', ')}`] as const;
  }
  if (known && typeof checksum === 'string' && checksum !== '') {
    const digits = checksumDigits[known];
    if (!/^[0-9a-f]*$/i.test(checksum)) yield ['checksum', 'regex', 'must be hexadecimal'] as const;
    else if (checksum.length !== digits) yield ['checksum', 'size', `must have ${digits} characters`] as const;
  }
  if (typeof size === 'number' && !Number.isSafeInteger(size)) {
    yield ['size', 'integer', 'must be a whole number'] as const;
  } else if (typeof size === 'number' && size < 1) yield ['size', 'min', 'must be at least 1'] as const;
  if (Array.isArray(uploaded) && uploaded.length === 0) yield ['parts', 'min', 'must have at least one part'] as const;
}

const isMissing = (value: unknown): boolean => value === undefined || value === null || value === '';

const isSuccess = ({ value }: { value: unknown }): boolean =>
  typeof value === 'object' && value !== null && 'successful' in value && value.successful === true;

/** `POST /api/remote/backups/:backup`: what became of an archive. */
export const reportBody = report
  .superRefine(
    (success, context) => {
      for (const [field, rule, message] of problemsOfSuccess(success)) {
        context.addIssue({ code: 'custom', path: [field], params: { rule }, message });
      }
    },
    // Whatever else is wrong, so that all problems are told at once.
    { when: isSuccess },
  )
  .prefault({} as z.input<typeof report>)
  .meta({
    examples: [
      {
        checksum: 'da39a3ee5e6b4b0d3255bfef95601890afd80709',
        checksum_type: 'sha1',
        size: 1_073_741_824,
        successful: true,
        parts: [{ etag: '"9b2cf535f27731c974343645a3985328"', part_number: 1 }],
      },
      { checksum: '', checksum_type: '', size: 0, successful: false, parts: null },
    ],
  });

/** An archive that was uploaded as a whole. */
export interface Success {
  checksum: { type: ChecksumType; digest: string };
  size: number;
  /** In any order; null: those that the store has. */
  parts: UploadedPart[] | null;
  archive: z.output<typeof archiveDetails> | null;
}

/** @returns null for a report of failure */
export function successOf({
  successful,
  checksum,
  checksum_type,
  size,
  parts: given,
  archive,
}: Report): Success | null {
  const type = checksumTypes.find((one) => one === checksum_type);
  if (!successful || !type || !checksum || !size) return null;
  return {
    checksum: { type, digest: checksum.toLowerCase() },
    size,
    parts: given?.map(({ etag, part_number: number }) => ({ number, etag })) ?? null,
    archive: archive ?? null,
  };
}

/** `POST /api/remote/backups/:backup/restore`: what became of a restore. */
export const restoreReportBody = z
  .object({ successful: z.boolean() })
  .prefault({} as { successful: boolean })
  .meta({ examples: [{ successful: true }] });
