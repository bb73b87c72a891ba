/** How much of our workers' work may run at once, in whatever number of workers. docs/limits.md says what counts where. */
export interface Limits {
  /** Backups and restores on one database server (host and port). */
  server: number;
  /** Backups into one destination. */
  destination: number;
  /** Backups and restores of one account. */
  account: number;
}
