import type { Secret, Server } from '@holdfast/shared/domain';

export interface ServerRepository {
  /** @returns the server and its whole token `<id>.<secret>`, which is stored nowhere and shown once */
  create(accountId: number, name: string): Promise<{ server: Server; token: Secret } | 'name_taken'>;
  list(accountId: number): Promise<Server[]>;
  findOwned(accountId: number, id: number): Promise<Server | null>;
  /** The server of a token, and records that it was seen (at most once a minute). */
  authenticate(tokenId: string, secret: Secret): Promise<Server | null>;
  /** @returns the number of databases and of waiting or running work that need it (nothing is deleted then), or 0; null when unknown */
  delete(accountId: number, id: number): Promise<number | null>;
}
