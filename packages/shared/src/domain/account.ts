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
  'backups:delete',
  'restores:create',
  'destinations:read',
  'destinations:create',
  'destinations:update',
  'destinations:delete',
  'destinations:write',
  'admin',
] as const;
/** What a token may do. */
export type Scope = (typeof scopes)[number];

/** Scopes that stand for others. `admin` stands for all, and opens Bull Board and the tokens and servers of the account. */
const included: Partial<Record<Scope, readonly Scope[]>> = {
  'destinations:write': ['destinations:create', 'destinations:update', 'destinations:delete'],
  admin: scopes,
};

/** Whether these scopes, or those that they stand for, hold `scope`. */
export const allows = (granted: readonly Scope[], scope: Scope): boolean =>
  granted.some((one) => one === scope || included[one]?.includes(scope) === true);

export interface ApiToken {
  id: string;
  accountId: number;
  name: string;
  scopes: Scope[];
  createdAt: Date;
  expiresAt: Date | null;
  /** To the minute. */
  lastUsedAt: Date | null;
  revokedAt: Date | null;
}
