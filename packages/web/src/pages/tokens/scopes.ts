import type { Token } from '../../data/tokens.ts';

type Scope = Token['scopes'][number];

/** What each scope allows, in the words of docs/api.md. */
export const scopeChoices: readonly { scope: Scope; allows: string }[] = [
  { scope: 'admin', allows: 'Everything, and tokens, servers, the audit log and the queues' },
  { scope: 'databases:read', allows: 'Looking at databases and their schedules' },
  { scope: 'databases:write', allows: 'Changing databases and their schedules' },
  { scope: 'backups:read', allows: 'Looking at backups, restores, alerts and protection' },
  { scope: 'backups:create', allows: 'Asking for backups' },
  { scope: 'backups:delete', allows: 'Deleting backups' },
  { scope: 'restores:create', allows: 'Asking for restores' },
  { scope: 'destinations:read', allows: 'Looking at destinations' },
  { scope: 'destinations:write', allows: 'Making, changing and deleting destinations' },
];

/** What is offered for the end of a token, in days; 0: it never ends. */
export const lifetimes = [
  { value: '30', label: '30 days' },
  { value: '90', label: '90 days' },
  { value: '365', label: 'A year' },
  { value: '0', label: 'Never' },
] as const;
export type Lifetime = (typeof lifetimes)[number]['value'];

export type TokenState = 'valid' | 'expired' | 'revoked';

export function stateOf({ revoked_at: revoked, expires_at: expires }: Token, now: Date): TokenState {
  if (revoked !== null) return 'revoked';
  return expires !== null && new Date(expires) <= now ? 'expired' : 'valid';
}
