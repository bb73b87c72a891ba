export interface Account {
  id: number;
  name: string;
  createdAt: Date;
}

export const scopes = [
  'databases:read',
  'databases:write',
  'backups:read',
  'backups:create',
  'restores:create',
  'destinations:read',
  'destinations:write',
  'admin',
] as const;
/** What a token may do. `admin` includes all others and opens Bull Board. */
export type Scope = (typeof scopes)[number];

export interface ApiToken {
  id: string;
  accountId: number;
  name: string;
  scopes: Scope[];
  createdAt: Date;
  expiresAt: Date | null;
  lastUsedAt: Date | null;
  revokedAt: Date | null;
}
