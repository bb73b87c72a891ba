/** How a restore went that came to its end. */
export interface RestorePace {
  /** Plain bytes, and the seconds of the attempt that brought them. */
  bytes: number;
  seconds: number;
}

export interface RestoreEstimate {
  seconds: number;
  /** Whose restores it was told from. */
  basedOn: 'database' | 'account';
}

/** What any restore costs outweighs the bytes of one that had less than this share of them: it tells nothing. */
const leastShare = 0.1;

/**
 * How long a restore may take, by the median speed of earlier ones: of this database where there are some, else of its account.
 * @param plainBytes bytes of what is restored; null where nobody knows
 * @returns null where nothing tells
 */
export function estimateRestore(
  plainBytes: number | null,
  paces: { database: readonly RestorePace[]; account: readonly RestorePace[] },
): RestoreEstimate | null {
  if (plainBytes === null) return null;
  for (const basedOn of ['database', 'account'] as const) {
    const speed = medianSpeed(paces[basedOn].filter(({ bytes }) => bytes >= plainBytes * leastShare));
    if (speed !== null) return { seconds: Math.ceil(plainBytes / speed), basedOn };
  }
  return null;
}

/** Bytes a second. */
function medianSpeed(paces: readonly RestorePace[]): number | null {
  const speeds = paces
    .filter(({ bytes, seconds }) => bytes > 0 && seconds > 0)
    .map(({ bytes, seconds }) => bytes / seconds)
    .toSorted((a, b) => a - b);
  return speeds[Math.floor((speeds.length - 1) / 2)] ?? null;
}
