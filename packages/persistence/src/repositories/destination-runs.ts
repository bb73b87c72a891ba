/** A destination whose run is due and whose doorbell is to be rung. */
export interface DueRun {
  destinationId: number;
  requestId: string | null;
}

/** Runs over whole destinations, one at a time for each, under a lease. */
export interface DestinationRunRepository {
  /** Begins a run. @returns its number; null when none is due or another one runs */
  begin(destinationId: number, leaseSeconds: number): Promise<number | null>;
  /** Extends the lease. @returns false when it was lost */
  extend(destinationId: number, run: number, leaseSeconds: number): Promise<boolean>;
  /** Ends a run as if it had not begun. */
  handBack(destinationId: number, run: number): Promise<void>;
}
