import type { Secret } from '@holdfast/shared/domain';

/** The attributes that are on or off, by the words of CREATE ROLE: each has a counterpart with NO in front. */
export const switches = [
  'SUPERUSER',
  'INHERIT',
  'CREATEROLE',
  'CREATEDB',
  'LOGIN',
  'REPLICATION',
  'BYPASSRLS',
] as const;
export type Switch = (typeof switches)[number];

export interface RoleAttributes {
  /** The attributes that are on. */
  on: ReadonlySet<Switch>;
  /** Sessions at once; -1 for any number. */
  connectionLimit: number;
  /** When its password ends, as the server writes it; null for never. */
  validUntil: string | null;
}

export interface RoleSetting {
  parameter: string;
  /** More than one only where the parameter is a list of names. */
  values: readonly string[];
}

export interface Role {
  name: string;
  /** The hash of its password, by which the server knows it; null where the backup has none. */
  password: Secret | null;
  attributes: RoleAttributes;
  settings: readonly RoleSetting[];
  comment: string | null;
}

/** One grant of a role to a role. */
export interface Membership {
  role: string;
  member: string;
  admin: boolean;
  /** Null where the server was older than 16, which asks the member's own INHERIT. */
  inherit: boolean | null;
  set: boolean;
  grantor: string | null;
}

/** A folder of the server in which databases and tables can lie. */
export interface Tablespace {
  name: string;
  owner: string;
  location: string;
  options: readonly { option: string; value: string }[];
  comment: string | null;
}

/** What a globals file holds. */
export interface Globals {
  roles: readonly Role[];
  tablespaces: readonly Tablespace[];
  memberships: readonly Membership[];
}

/** Roles that PostgreSQL itself brings: nobody may create one, and none is in a globals file but as part of a grant. */
export const isPredefined = (name: string): boolean => name.startsWith('pg_');
