/** The only source of the current time, so that tests own it. */
export interface Clock {
  now(): Date;
}

/** The only source of randomness and of new identifiers. */
export interface Ids {
  /** A UUID of version 7: sorts by the time of its creation. */
  uuid(): string;
  /** A number in [0, 1), for jitter. */
  random(): number;
}
