import type { EngineType } from './engine.ts';
import type { Secret } from './secret.ts';

export const tlsModes = ['disable', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;
/** The meaning of libpq's `sslmode`. Never lowered by us: what was asked for is done or the work fails. */
export type TlsMode = (typeof tlsModes)[number];

export interface DatabaseOptions {
  sslmode?: TlsMode | undefined;
  /** PEM certificates to trust for `verify-ca` and `verify-full`; the system's when absent. */
  ca?: string | undefined;
}

/** A registered database: what to back up and how to reach it. */
export interface Database {
  id: string;
  accountId: number;
  /** Unique within the account. */
  name: string;
  type: EngineType;
  host: string;
  port: number;
  user: string;
  password: Secret | null;
  /** Its name on the server. */
  database: string;
  options: DatabaseOptions;
  destinationId: number;
  createdAt: Date;
  updatedAt: Date;
}
