import { statementsOf, type Statement } from '../globals/statement.ts';
import { NotGlobals } from '../globals/tokens.ts';
import type { DatabaseKind } from '../properties.ts';
import type { ArchivedGrant, ArchivedSetting } from './database.ts';

/** Stands where bytes were no UTF-8: an archive is in the encoding of its database. */
const notUtf8 = '\uFFFD';

/**
 * Reads statements that pg_dump wrote, by the rules for a file of globals: nothing of them is run as it stands.
 * @returns null when they are others than those that are known here
 */
function reading<T>(text: string, read: (statement: Statement, into: T) => void, into: T): T | null {
  if (text.includes(notUtf8)) return null;
  try {
    for (const statement of statementsOf(text, true)) {
      read(statement, into);
      statement.end();
    }
    return into;
  } catch (error) {
    if (error instanceof NotGlobals) return null;
    throw error;
  }
}

/** Reads `CREATE DATABASE`. */
export function readCreation(text: string): DatabaseKind | null {
  const kind = reading(
    text,
    (statement, into: Partial<DatabaseKind>) => {
      for (const word of ['CREATE', 'DATABASE']) statement.word(word);
      statement.name();
      statement.word('WITH');
      while (!statement.atEnd()) clause(statement, into);
    },
    {},
  );
  const { encoding, collate, ctype } = kind ?? {};
  if (!kind || encoding === undefined || collate === undefined || ctype === undefined) return null;
  return {
    provider: 'libc',
    locale: null,
    icuRules: null,
    tablespace: 'pg_default',
    ...kind,
    encoding,
    collate,
    ctype,
  };
}

const clauses = [
  'TEMPLATE',
  'ENCODING',
  'LOCALE_PROVIDER',
  'LOCALE',
  'LC_COLLATE',
  'LC_CTYPE',
  'ICU_LOCALE',
  'BUILTIN_LOCALE',
  'ICU_RULES',
  'TABLESPACE',
] as const;

const providers: ReadonlySet<string> = new Set(['libc', 'icu', 'builtin'] satisfies DatabaseKind['provider'][]);
const isProvider = (name: string): name is DatabaseKind['provider'] => providers.has(name);

function clause(statement: Statement, into: Partial<DatabaseKind>): void {
  const which = statement.oneOf(clauses);
  statement.sign('=');
  const value = statement.nameOrText();
  if (which === 'ENCODING') into.encoding = value;
  else if (which === 'LOCALE_PROVIDER') into.provider = isProvider(value) ? value : statement.refuse();
  else if (which === 'LOCALE') into.collate = into.ctype = value;
  else if (which === 'LC_COLLATE') into.collate = value;
  else if (which === 'LC_CTYPE') into.ctype = value;
  else if (which === 'ICU_LOCALE' || which === 'BUILTIN_LOCALE') into.locale = value;
  else if (which === 'ICU_RULES') into.icuRules = value;
  else if (which === 'TABLESPACE') into.tablespace = value;
}

export interface ReadProperties {
  comment: string | null;
  connectionLimit: number | null;
  template: boolean;
  settings: ArchivedSetting[];
}

/** Reads `ALTER DATABASE`, `ALTER ROLE … IN DATABASE` and `COMMENT ON DATABASE`. */
export function readProperties(text: string): ReadProperties | null {
  return reading<ReadProperties>(
    text,
    (statement, into) => {
      const verb = statement.oneOf(['ALTER', 'COMMENT']);
      if (verb === 'COMMENT') {
        for (const word of ['ON', 'DATABASE']) statement.word(word);
        statement.name();
        statement.word('IS');
        into.comment = statement.text();
        return;
      }
      const role = statement.oneOf(['DATABASE', 'ROLE']) === 'ROLE' ? roleInDatabase(statement) : null;
      statement.name();
      const what = statement.oneOf(role === null ? ['SET', 'CONNECTION', 'IS_TEMPLATE'] : ['SET']);
      if (what === 'CONNECTION') {
        statement.word('LIMIT');
        statement.sign('=');
        into.connectionLimit = statement.integer();
      } else if (what === 'IS_TEMPLATE') {
        statement.sign('=');
        into.template = statement.nameOrText() === 'true';
      } else into.settings.push({ role, ...setting(statement) });
    },
    { comment: null, connectionLimit: null, template: false, settings: [] },
  );
}

function roleInDatabase(statement: Statement): string {
  const role = statement.name();
  for (const word of ['IN', 'DATABASE']) statement.word(word);
  return role;
}

function setting(statement: Statement): Pick<ArchivedSetting, 'parameter' | 'values'> {
  const parameter = statement.name();
  statement.word('TO');
  const values = [statement.text()];
  while (statement.maybeSign(',')) values.push(statement.text());
  return { parameter, values };
}

const privileges = ['ALL', 'CREATE', 'CONNECT', 'TEMPORARY'] as const;

/** Reads `GRANT` and `REVOKE`. Who granted is not kept: who restores grants all of it. */
export function readGrants(text: string): ArchivedGrant[] | null {
  return reading<ArchivedGrant[]>(
    text,
    (statement, into) => {
      const verb = statement.oneOf(['GRANT', 'REVOKE', 'SET', 'RESET']);
      if (verb === 'SET' || verb === 'RESET') {
        for (const word of ['SESSION', 'AUTHORIZATION']) statement.word(word);
        if (verb === 'SET') statement.nameOrText();
        return;
      }
      const listed: string[] = [];
      do listed.push(statement.oneOf(privileges));
      while (statement.maybeSign(','));
      for (const word of ['ON', 'DATABASE']) statement.word(word);
      statement.name();
      statement.word(verb === 'GRANT' ? 'TO' : 'FROM');
      const role = statement.maybeWord('PUBLIC') ? null : statement.name();
      const grantable = statement.maybeWord('WITH');
      if (grantable) for (const word of ['GRANT', 'OPTION']) statement.word(word);
      into.push({ verb, privileges: listed, role, grantable });
    },
    [],
  );
}
