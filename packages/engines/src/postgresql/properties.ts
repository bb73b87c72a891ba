import { escapeIdentifier, escapeLiteral } from 'pg';
import type { ServerVersion, Session } from './session.ts';

/** What a database is made with. */
export interface DatabaseKind {
  encoding: string;
  collate: string;
  ctype: string;
  provider: 'libc' | 'icu' | 'builtin';
  /** The locale of a provider other than libc. */
  locale: string | null;
  icuRules: string | null;
  tablespace: string;
}

/** The same of a database that is there, and who owns it. */
export interface DatabaseProperties extends DatabaseKind {
  oid: number;
  owner: string;
}

/** @returns null when there is no such database */
export async function readProperties(session: Session, name: string): Promise<DatabaseProperties | null> {
  const { major } = session.server;
  const locale = major >= 17 ? 'd.datlocale' : major >= 15 ? 'd.daticulocale' : 'null';
  const [row] = await session.query<DatabaseProperties>(
    `select d.oid, pg_encoding_to_char(d.encoding) as encoding, d.datcollate as collate, d.datctype as ctype,
       case ${major >= 15 ? 'd.datlocprovider' : `'c'`} when 'i' then 'icu' when 'b' then 'builtin' else 'libc' end as provider,
       ${locale} as locale, ${major >= 16 ? 'd.daticurules' : 'null'} as "icuRules",
       pg_get_userbyid(d.datdba) as owner, t.spcname as tablespace
     from pg_database d join pg_tablespace t on t.oid = d.dattablespace where d.datname = $1`,
    [name],
  );
  return row ?? null;
}

/**
 * The statement that makes an empty database.
 * @param like whose encoding, locale and tablespace it gets; the server's own when null
 * @param owner the connecting user when null
 */
export function createStatement(
  name: string,
  like: DatabaseKind | null,
  owner: string | null,
  { major }: ServerVersion,
): string {
  const clauses = ['TEMPLATE template0'];
  if (owner !== null) clauses.push(`OWNER ${escapeIdentifier(owner)}`);
  if (like) {
    clauses.push(
      `ENCODING ${escapeLiteral(like.encoding)}`,
      `LC_COLLATE ${escapeLiteral(like.collate)}`,
      `LC_CTYPE ${escapeLiteral(like.ctype)}`,
    );
    // Named, even the default one needs a privilege.
    if (like.tablespace !== 'pg_default') clauses.push(`TABLESPACE ${escapeIdentifier(like.tablespace)}`);
    if (major >= 15) clauses.push(`LOCALE_PROVIDER ${like.provider}`);
    if (like.provider === 'icu' && like.locale !== null) clauses.push(`ICU_LOCALE ${escapeLiteral(like.locale)}`);
    if (like.provider === 'builtin' && like.locale !== null) {
      clauses.push(`BUILTIN_LOCALE ${escapeLiteral(like.locale)}`);
    }
    if (like.icuRules !== null) clauses.push(`ICU_RULES ${escapeLiteral(like.icuRules)}`);
  }
  return `CREATE DATABASE ${escapeIdentifier(name)} ${clauses.join(' ')}`;
}
