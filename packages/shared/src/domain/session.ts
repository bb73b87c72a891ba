/** A browser that signed in with a token, and may do what the token may. */
export interface Session {
  id: string;
  tokenId: string;
  accountId: number;
  createdAt: Date;
  /** To the minute. */
  seenAt: Date;
  /** Later and later with each use, but never beyond `longestSessionSeconds`. */
  expiresAt: Date;
}

/** A session that nobody uses for so long ends. */
export const idleSessionSeconds = 12 * 3600;
/** A session ends then, however much it is used. */
export const longestSessionSeconds = 7 * 24 * 3600;
