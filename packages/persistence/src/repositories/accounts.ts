import type { Account, ApiToken, Scope, Secret } from '@holdfast/shared/domain';

export interface NewToken {
  name: string;
  scopes: Scope[];
  expiresAt: Date | null;
}

export interface AccountRepository {
  create(name: string): Promise<Account>;
  /** By their ids. */
  list(): Promise<Account[]>;
  find(id: number): Promise<Account | null>;
  findByName(name: string): Promise<Account | null>;
  /** @returns the token itself, which is stored nowhere and shown once */
  createToken(accountId: number, token: NewToken): Promise<{ token: ApiToken; secret: Secret }>;
  /** Finds a token that is neither expired nor revoked and records its use (at most once a minute). */
  authenticate(secret: Secret): Promise<ApiToken | null>;
  /** Whose a token is or was, also one that has expired or was revoked: nobody is let in by that. */
  identify(secret: Secret): Promise<ApiToken | null>;
  /** Newest first, revoked and expired ones too. */
  listTokens(accountId: number): Promise<ApiToken[]>;
  findToken(accountId: number, tokenId: string): Promise<ApiToken | null>;
  /**
   * Ends a token at once; one that is revoked already stays so.
   * @param keep `an_admin` refuses to revoke the account's last valid token with the scope `admin`
   * @returns null when it is unknown
   */
  revokeToken(accountId: number, tokenId: string, keep: 'an_admin' | 'none'): Promise<'revoked' | 'last_admin' | null>;
}
