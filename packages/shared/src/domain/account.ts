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

/** The names that clients of the destinations dialect know scopes by. */
const scopeAliases = {
  'view-backup-destinations': 'destinations:read',
  'create-backup-destinations': 'destinations:create',
  'update-backup-destinations': 'destinations:update',
  'delete-backup-destinations': 'destinations:delete',
} as const satisfies Record<string, Scope>;

/** Every name that a scope can be asked for by. */
export const scopeNames = [...scopes, ...(Object.keys(scopeAliases) as (keyof typeof scopeAliases)[])] as const;
export type ScopeName = (typeof scopeNames)[number];

/** The scopes behind names, each once and in the order of the list. */
export function scopesNamed(names: readonly ScopeName[]): Scope[] {
  const aliases: Partial<Record<ScopeName, Scope>> = scopeAliases;
  const asked = new Set<ScopeName>(names.map((name) => aliases[name] ?? name));
  return scopes.filter((scope) => asked.has(scope));
}

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
