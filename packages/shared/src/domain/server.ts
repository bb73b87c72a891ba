/** A remote server that makes its own archives and uploads them straight to the destination. */
export interface Server {
  id: number;
  accountId: number;
  /** Unique within the account. */
  name: string;
  /** The public half of its token, 16 characters. */
  tokenId: string;
  createdAt: Date;
  /** To the minute; null before its first request. */
  lastSeenAt: Date | null;
}
