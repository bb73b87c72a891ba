import { Secret } from '@holdfast/shared/domain';
import {
  isPredefined,
  switches,
  type Globals,
  type Membership,
  type Role,
  type RoleSetting,
  type Switch,
  type Tablespace,
} from './roles.ts';
import { statementsOf, type Statement } from './statement.ts';
import { NotGlobals } from './tokens.ts';

/** A role on its way: pg_dumpall tells it in several statements. */
interface Draft extends Omit<Role, 'attributes' | 'password'> {
  attributes: Role['attributes'] | null;
  password: Secret | null;
  settings: RoleSetting[];
  line: number;
}

/** What the file says of the way it is written: nothing else would be read as it was meant. */
const preamble: ReadonlyMap<string, readonly string[]> = new Map([
  ['default_transaction_read_only', ['off']],
  ['client_encoding', ['UTF8']],
  ['standard_conforming_strings', ['on', 'off']],
  ['escape_string_warning', ['off']],
]);

/** What pg_dumpall ends with: a file without it was cut, perhaps between two statements. */
const ending = '\n--\n-- PostgreSQL database cluster dump complete\n--';

/**
 * Reads what `pg_dumpall --globals-only` writes, and nothing else: a statement of another kind, a role that is told twice
 * or not to its end, an attribute that does not belong there, a password that is no hash.
 * @throws NotGlobals
 */
export function readGlobals(text: string): Globals {
  if (text.includes('\0')) throw new NotGlobals(1);
  if (!text.trimEnd().endsWith(ending)) throw new NotGlobals(text.split('\n').length);
  const roles = new Map<string, Draft>();
  const tablespaces = new Map<string, TablespaceDraft>();
  const memberships: Membership[] = [];
  for (const statement of statementsOf(text)) {
    const verb = statement.oneOf(['SET', 'CREATE', 'ALTER', 'COMMENT', 'GRANT']);
    if (verb === 'SET') set(statement);
    else if (verb === 'CREATE') create(statement, roles, tablespaces);
    else if (verb === 'ALTER') alter(statement, roles, tablespaces);
    else if (verb === 'COMMENT') comment(statement, roles, tablespaces);
    else memberships.push(grant(statement, roles));
    statement.end();
  }
  if (roles.size === 0) throw new NotGlobals(1);
  return { roles: [...roles.values()].map(finished), tablespaces: [...tablespaces.values()], memberships };
}

function set(statement: Statement): void {
  const values = preamble.get(statement.name());
  statement.sign('=');
  const value = statement.nameOrText();
  if (!values?.includes(value)) statement.refuse();
}

type Drafts = ReadonlyMap<string, Draft>;
type TablespaceDraft = Tablespace & { options: { option: string; value: string }[] };

const kinds = ['ROLE', 'TABLESPACE'] as const;

function create(statement: Statement, roles: Map<string, Draft>, tablespaces: Map<string, TablespaceDraft>): void {
  const kind = statement.oneOf(kinds);
  const name = statement.name();
  if (isPredefined(name)) statement.refuse();
  if (kind === 'ROLE') {
    if (roles.has(name)) statement.refuse();
    roles.set(name, { name, attributes: null, password: null, settings: [], comment: null, line: statement.line });
    return;
  }
  if (tablespaces.has(name)) statement.refuse();
  statement.word('OWNER');
  const owner = statement.name();
  statement.word('LOCATION');
  tablespaces.set(name, { name, owner, location: statement.text(), options: [], comment: null });
}

function alter(statement: Statement, roles: Drafts, tablespaces: ReadonlyMap<string, TablespaceDraft>): void {
  if (statement.oneOf(kinds) === 'TABLESPACE') return alterTablespace(statement, known(statement, tablespaces));
  const role = known(statement, roles);
  if (statement.oneOf(['WITH', 'SET']) === 'WITH') {
    if (role.attributes) statement.refuse();
    Object.assign(role, attributes(statement));
    return;
  }
  const parameter = statement.name();
  statement.word('TO');
  const values = [statement.text()];
  while (statement.maybeSign(',')) values.push(statement.text());
  role.settings.push({ parameter, values });
}

function alterTablespace(statement: Statement, { options }: TablespaceDraft): void {
  statement.word('SET');
  statement.sign('(');
  do {
    const option = statement.name();
    statement.sign('=');
    options.push({ option, value: statement.number() });
  } while (statement.maybeSign(','));
  statement.sign(')');
}

function attributes(statement: Statement): Pick<Role, 'attributes' | 'password'> {
  const on = new Set<Switch>();
  for (const name of switches) {
    if (statement.oneOf([name, `NO${name}`]) === name) on.add(name);
  }
  const connectionLimit = statement.maybeWord('CONNECTION') ? limit(statement) : -1;
  const password = statement.maybeWord('PASSWORD') ? hash(statement) : null;
  const validUntil = statement.maybeWord('VALID') ? until(statement) : null;
  return { attributes: { on, connectionLimit, validUntil }, password };
}

/** What PostgreSQL takes for a hash: anything else it would take for a password in plain text. */
const hashes = /^(?:md5[0-9a-f]{32}|SCRAM-SHA-256\$[0-9]+:[A-Za-z0-9+/]+=*\$[A-Za-z0-9+/]{43}=:[A-Za-z0-9+/]{43}=)$/;

function hash(statement: Statement): Secret {
  const text = statement.text();
  return hashes.test(text) ? new Secret(text) : statement.refuse();
}

function limit(statement: Statement): number {
  statement.word('LIMIT');
  return statement.integer();
}

function until(statement: Statement): string {
  statement.word('UNTIL');
  return statement.text();
}

function comment(statement: Statement, roles: Drafts, tablespaces: ReadonlyMap<string, TablespaceDraft>): void {
  statement.word('ON');
  const subject = known<{ comment: string | null }>(statement, statement.oneOf(kinds) === 'ROLE' ? roles : tablespaces);
  statement.word('IS');
  if (subject.comment !== null) statement.refuse();
  subject.comment = statement.text();
}

function grant(statement: Statement, roles: ReadonlyMap<string, Draft>): Membership {
  const party = (): string => {
    const name = statement.name();
    if (!roles.has(name) && !isPredefined(name)) statement.refuse();
    return name;
  };
  const role = party();
  statement.word('TO');
  const membership: Membership = { role, member: party(), admin: false, inherit: null, set: true, grantor: null };
  if (statement.maybeWord('WITH')) {
    do option(statement, membership);
    while (statement.maybeSign(','));
  }
  if (statement.maybeWord('GRANTED')) {
    statement.word('BY');
    membership.grantor = statement.name();
  }
  return membership;
}

function option(statement: Statement, membership: Membership): void {
  const which = statement.oneOf(['ADMIN', 'INHERIT', 'SET']);
  if (which === 'ADMIN') {
    statement.word('OPTION');
    membership.admin = true;
    return;
  }
  const value = statement.oneOf(['TRUE', 'FALSE']) === 'TRUE';
  if (which === 'INHERIT') membership.inherit = value;
  else membership.set = value;
}

function known<T>(statement: Statement, told: ReadonlyMap<string, T>): T {
  return told.get(statement.name()) ?? statement.refuse();
}

function finished({ line, attributes, ...role }: Draft): Role {
  if (!attributes) throw new NotGlobals(line);
  return { ...role, attributes };
}
