import type { Alert } from '@holdfast/shared/domain';

export interface AlertRepository {
  /**
   * Looks at the rows and brings the alerts in line with them: raises what is wrong now and clears what is over. Of
   * several that call it at once one works and the others change nothing.
   * @returns what changed
   */
  update(): Promise<{ raised: Alert[]; cleared: Alert[] }>;
  /**
   * Records that somebody knows of an open alert; the first one who says so stays. One that is over stays as it is.
   * @param by who, for people
   */
  acknowledge(accountId: number, id: string, by: string): Promise<Alert | null>;
  /** Newest first, at most `limit`. @param open true: only what is not over */
  list(accountId: number, options: { open: boolean; limit: number }): Promise<Alert[]>;
}
