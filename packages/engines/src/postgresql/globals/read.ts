import {
  isPredefined,
  switches,
  type Globals,
  type Membership,
  type Role,
  type RoleSetting,
  type Switch,
} from './roles.ts';
import { statementsOf, type Statement } from './statement.ts';
import { NotGlobals } from './tokens.ts';

/** A role on its way: pg_dumpall tells it in several statements. */
interface Draft extends Omit<Role, 'attributes'> {
  attributes: Role['attributes'] | null;
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
 * Reads what `pg_dumpall --roles-only --no-role-passwords` writes, and nothing else: a statement of another kind, a role
 * that is told twice or not to its end, an attribute or a password that does not belong there.
 * @throws NotGlobals
 */
export function readGlobals(text: string): Globals {
  if (text.includes('\0')) throw new NotGlobals(1);
  if (!text.trimEnd().endsWith(ending)) throw new NotGlobals(text.split('\n').length);
  const roles = new Map<string, Draft>();
  const memberships: Membership[] = [];
  for (const statement of statementsOf(text)) {
    const verb = statement.oneOf(['SET', 'CREATE', 'ALTER', 'COMMENT', 'GRANT']);
    if (verb === 'SET') set(statement);
    else if (verb === 'CREATE') create(statement, roles);
    else if (verb === 'ALTER') alter(statement, roles);
    else if (verb === 'COMMENT') comment(statement, roles);
    else memberships.push(grant(statement, roles));
    statement.end();
  }
  if (roles.size === 0) throw new NotGlobals(1);
  return { roles: [...roles.values()].map(finished), memberships };
}

function set(statement: Statement): void {
  const values = preamble.get(statement.name());
  statement.sign('=');
  const value = statement.nameOrText();
  if (!values?.includes(value)) statement.refuse();
}

function create(statement: Statement, roles: Map<string, Draft>): void {
  statement.word('ROLE');
  const name = statement.name();
  if (roles.has(name) || isPredefined(name)) statement.refuse();
  roles.set(name, { name, attributes: null, settings: [], comment: null, line: statement.line });
}

function alter(statement: Statement, roles: ReadonlyMap<string, Draft>): void {
  statement.word('ROLE');
  const role = known(statement, roles);
  if (statement.oneOf(['WITH', 'SET']) === 'WITH') {
    if (role.attributes) statement.refuse();
    role.attributes = attributes(statement);
    return;
  }
  const parameter = statement.name();
  statement.word('TO');
  const values = [statement.text()];
  while (statement.maybeSign(',')) values.push(statement.text());
  role.settings.push({ parameter, values });
}

function attributes(statement: Statement): Role['attributes'] {
  const on = new Set<Switch>();
  for (const name of switches) {
    if (statement.oneOf([name, `NO${name}`]) === name) on.add(name);
  }
  const connectionLimit = statement.maybeWord('CONNECTION') ? limit(statement) : -1;
  const validUntil = statement.maybeWord('VALID') ? until(statement) : null;
  return { on, connectionLimit, validUntil };
}

function limit(statement: Statement): number {
  statement.word('LIMIT');
  return statement.integer();
}

function until(statement: Statement): string {
  statement.word('UNTIL');
  return statement.text();
}

function comment(statement: Statement, roles: ReadonlyMap<string, Draft>): void {
  statement.word('ON');
  statement.word('ROLE');
  const role = known(statement, roles);
  statement.word('IS');
  if (role.comment !== null) statement.refuse();
  role.comment = statement.text();
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

function known(statement: Statement, roles: ReadonlyMap<string, Draft>): Draft {
  return roles.get(statement.name()) ?? statement.refuse();
}

function finished({ line, attributes, ...role }: Draft): Role {
  if (!attributes) throw new NotGlobals(line);
  return { ...role, attributes };
}
