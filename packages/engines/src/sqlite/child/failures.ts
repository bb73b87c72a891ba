/** Why the program fails, by the code that it exits with; whoever started it tells people. */
export const exitCodes = {
  lock_timeout: 10,
  integrity: 11,
  privilege_missing: 12,
  no_space: 13,
} as const;
export type ChildCode = keyof typeof exitCodes;

/** A failure with a sentence for people. */
export class ChildFailure extends Error {
  readonly code: ChildCode;

  constructor(code: ChildCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** SQLite's primary result codes. */
const results: Readonly<Record<number, ChildCode>> = {
  3: 'privilege_missing',
  5: 'lock_timeout',
  6: 'lock_timeout',
  8: 'privilege_missing',
  11: 'integrity',
  13: 'no_space',
  14: 'privilege_missing',
  26: 'integrity',
};

/** SQLite's extended result code; null for what is no failure of SQLite. */
function resultOf(error: unknown): number | null {
  const isResult = error instanceof Error && 'errcode' in error && typeof error.errcode === 'number';
  return isResult ? Number(error.errcode) : null;
}

/** A backup that finds its target locked fails with no result at all. */
export const isBusy = (error: unknown): boolean => [0, 5, 6].includes((resultOf(error) ?? -1) & 0xff);

/** @returns null for what nobody can explain further */
export function codeOf(error: unknown): ChildCode | null {
  if (error instanceof ChildFailure) return error.code;
  if (error instanceof Error && 'code' in error && error.code === 'ENOSPC') return 'no_space';
  if (error instanceof Error && 'code' in error && error.code === 'EACCES') return 'privilege_missing';
  if (isBusy(error)) return 'lock_timeout';
  return results[(resultOf(error) ?? 0) & 0xff] ?? null;
}
