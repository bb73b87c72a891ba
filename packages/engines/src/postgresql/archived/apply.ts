import { HoldfastError, type OwnershipMode } from '@holdfast/shared/domain';
import { escapeIdentifier, escapeLiteral } from 'pg';
import type { Session } from '../session.ts';
import type { ArchivedDatabase, ArchivedGrant, ArchivedSetting } from './database.ts';

const shown = 10;

/**
 * Gives a database that was built what belongs to the database itself, and goes on after what the server refuses: the content
 * is worth more than a setting.
 * @param ownership with `skip` nothing that names a role is given
 * @returns what was left out, in sentences
 */
export async function applyArchived(
  session: Session,
  name: string,
  archived: ArchivedDatabase,
  ownership: OwnershipMode,
): Promise<string[]> {
  const database = escapeIdentifier(name);
  const { connectionLimit, template } = archived;
  const settings = archived.settings.filter(({ role }) => role === null || ownership === 'keep');
  const grants = ownership === 'keep' ? archived.grants : [];
  const roles = await presentRoles(session, settings, grants);
  const isHere = ({ role }: { role: string | null }): boolean => role === null || roles.has(role);
  const steps: [what: string, statement: string][] = [];
  const missing = new Set<string>();
  for (const setting of settings) {
    if (isHere(setting)) steps.push([`the setting ${setting.parameter}`, settingStatement(database, setting)]);
    else missing.add(setting.role ?? '');
  }
  for (const grant of grants) {
    if (isHere(grant)) steps.push(['its privileges', grantStatement(database, grant)]);
    else missing.add(grant.role ?? '');
  }
  if (connectionLimit !== null) {
    steps.push(['its connection limit', `ALTER DATABASE ${database} CONNECTION LIMIT ${connectionLimit}`]);
  }
  if (template) steps.push(['being a template', `ALTER DATABASE ${database} IS_TEMPLATE true`]);
  const refused = new Set<string>(archived.unread);
  for (const [what, statement] of steps) {
    if (!(await run(session, statement))) refused.add(what);
  }
  return sentences(refused, missing);
}

/** @returns whether the server took it. Its words are not kept: they repeat values, which may be secret. */
async function run(session: Session, statement: string): Promise<boolean> {
  try {
    await session.query(statement);
    return true;
  } catch (error) {
    if (error instanceof HoldfastError && (error.code === 'restore_failed' || error.code === 'privilege_missing')) {
      return false;
    }
    throw error;
  }
}

async function presentRoles(
  session: Session,
  settings: readonly ArchivedSetting[],
  grants: readonly ArchivedGrant[],
): Promise<Set<string>> {
  const names = [...settings, ...grants].flatMap(({ role }) => role ?? []);
  const rows = await session.query<{ name: string }>('select rolname as name from pg_roles where rolname = any ($1)', [
    names,
  ]);
  return new Set(rows.map(({ name }) => name));
}

function settingStatement(database: string, { role, parameter, values }: ArchivedSetting): string {
  const subject =
    role === null ? `ALTER DATABASE ${database}` : `ALTER ROLE ${escapeIdentifier(role)} IN DATABASE ${database}`;
  return `${subject} SET ${escapeIdentifier(parameter)} TO ${values.map(escapeLiteral).join(', ')}`;
}

function grantStatement(database: string, { verb, privileges, role, grantable }: ArchivedGrant): string {
  const who = role === null ? 'PUBLIC' : escapeIdentifier(role);
  const of = `${verb} ${privileges.join(', ')} ON DATABASE ${database}`;
  return verb === 'REVOKE' ? `${of} FROM ${who}` : `${of} TO ${who}${grantable ? ' WITH GRANT OPTION' : ''}`;
}

function sentences(refused: ReadonlySet<string>, missing: ReadonlySet<string>): string[] {
  const list = (names: ReadonlySet<string>): string => {
    const all = [...names];
    return all.slice(0, shown).join(', ') + (all.length > shown ? ` and ${all.length - shown} more` : '');
  };
  const said = [];
  if (refused.size > 0) said.push(`Of the database itself these were left out: ${list(refused)}.`);
  if (missing.size > 0) {
    const names = new Set([...missing].map((name) => escapeIdentifier(name)));
    said.push(
      `Settings in the database and privileges on it are left out for roles that the server does not have: ${list(names)}.`,
    );
  }
  return said;
}
