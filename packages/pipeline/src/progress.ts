/** How far a backup or restore has come. */
export interface Progress {
  /** Plain bytes so far. */
  progressBytes: number;
  /** Plain bytes expected, when that is known. */
  estimatedBytes: number | null;
}
