export const serviceNames = ['api', 'scheduler', 'worker', 'sentinel'] as const;
/** The processes of which at least one of each has to run. */
export type ServiceName = (typeof serviceNames)[number];

/** What is known of a service from what its processes say of themselves. */
export interface ServiceState {
  service: ServiceName;
  /** `silent`: none of its processes said for too long that it lives. */
  state: 'running' | 'silent';
  /** Null: none ever did. */
  lastSeenAt: Date | null;
  /** How many of its processes live. */
  instances: number;
}
