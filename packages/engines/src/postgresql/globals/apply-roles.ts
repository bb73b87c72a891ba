import { escapeIdentifier, escapeLiteral } from 'pg';
import type { Session } from '../session.ts';
import { planRoles, type RoleChange } from './plan-roles.ts';
import type { Role } from './roles.ts';

/** What became of the roles of a backup. */
export interface AppliedRoles {
  created: string[];
  /** Were there, and are like the backup's now. */
  kept: string[];
  /** Of these, those that became superusers. */
  raised: string[];
  /** Were there and may not be changed. */
  guarded: string[];
  /** Got the password of the backup: those that had none. */
  withPassword: string[];
}

/** Creates the roles that are missing and brings the others to the backup's, but for the guarded ones. */
export async function applyRoles(session: Session, roles: readonly Role[]): Promise<AppliedRoles> {
  const { changes, guarded } = await planRoles(session, roles);
  const applied: AppliedRoles = { created: [], kept: [], raised: [], guarded, withPassword: [] };
  for (const change of changes) {
    const { role, found, switched, getsPassword } = change;
    applied[found ? 'kept' : 'created'].push(role.name);
    if (found && switched.includes('SUPERUSER')) applied.raised.push(role.name);
    if (getsPassword) applied.withPassword.push(role.name);
    const options = optionsOf(change);
    if (!found) await session.query(`CREATE ROLE ${escapeIdentifier(role.name)} ${options.join(' ')}`);
    else if (options.length > 0) await session.query(`ALTER ROLE ${escapeIdentifier(role.name)} ${options.join(' ')}`);
  }
  // Settings may name roles, so all roles come first.
  for (const change of changes) await describe(session, change);
  return applied;
}

/** Who may create roles may still not say so much as NOSUPERUSER on some servers: so only what changes is said. */
function optionsOf({ role, switched, connectionLimit, validUntil, getsPassword }: RoleChange): string[] {
  const options: string[] = switched.map((name) => (role.attributes.on.has(name) ? name : `NO${name}`));
  if (connectionLimit !== null) options.push(`CONNECTION LIMIT ${connectionLimit}`);
  if (validUntil !== null) options.push(`VALID UNTIL ${escapeLiteral(validUntil)}`);
  if (getsPassword && role.password) options.push(`PASSWORD ${escapeLiteral(role.password.reveal())}`);
  return options;
}

async function describe(session: Session, { role, found }: RoleChange): Promise<void> {
  const subject = escapeIdentifier(role.name);
  for (const { parameter, values } of role.settings) {
    const value = values.map(escapeLiteral).join(', ');
    await session.query(`ALTER ROLE ${subject} SET ${escapeIdentifier(parameter)} TO ${value}`);
  }
  if (role.comment !== null && role.comment !== (found?.comment ?? null)) {
    await session.query(`COMMENT ON ROLE ${subject} IS ${escapeLiteral(role.comment)}`);
  }
}
