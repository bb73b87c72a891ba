import { escapeIdentifier, escapeLiteral } from 'pg';
import type { Session } from '../session.ts';
import { presentRoles, type PresentRole } from './present.ts';
import { switches, type Role } from './roles.ts';

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

/** What CREATE ROLE gives when nothing is said. */
const fresh: Pick<PresentRole, 'on' | 'connectionLimit' | 'sameEnd' | 'comment'> = {
  on: new Set(['INHERIT']),
  connectionLimit: -1,
  sameEnd: false,
  comment: null,
};

/** Creates the roles that are missing and brings the others to the backup's, but for the guarded ones. */
export async function applyRoles(session: Session, roles: readonly Role[]): Promise<AppliedRoles> {
  const present = await presentRoles(session, roles);
  const applied: AppliedRoles = { created: [], kept: [], raised: [], guarded: [], withPassword: [] };
  const changing: Role[] = [];
  for (const role of roles) {
    const found = present.get(role.name);
    if (found?.guarded) {
      applied.guarded.push(role.name);
      continue;
    }
    changing.push(role);
    applied[found ? 'kept' : 'created'].push(role.name);
    if (found && role.attributes.on.has('SUPERUSER')) applied.raised.push(role.name);
    const options = differences(role, found ?? fresh);
    // One that it has by now may be in use, and may have been changed for a reason.
    if (role.password && (found?.passwordless ?? true)) {
      options.push(`PASSWORD ${escapeLiteral(role.password.reveal())}`);
      applied.withPassword.push(role.name);
    }
    if (!found) await session.query(`CREATE ROLE ${escapeIdentifier(role.name)} ${options.join(' ')}`);
    else if (options.length > 0) await session.query(`ALTER ROLE ${escapeIdentifier(role.name)} ${options.join(' ')}`);
  }
  // Settings may name roles, so all roles come first.
  for (const role of changing) await describe(session, role, present.get(role.name) ?? fresh);
  return applied;
}

/** Nothing that is so already: who may create roles may still not say so much as NOSUPERUSER on some servers. */
function differences({ attributes }: Role, found: Pick<PresentRole, 'on' | 'connectionLimit' | 'sameEnd'>): string[] {
  const { on, connectionLimit, validUntil } = attributes;
  const options: string[] = switches
    .filter((name) => on.has(name) !== found.on.has(name))
    .map((name) => (on.has(name) ? name : `NO${name}`));
  if (connectionLimit !== found.connectionLimit) options.push(`CONNECTION LIMIT ${connectionLimit}`);
  if (!found.sameEnd && (validUntil !== null || found !== fresh)) {
    options.push(`VALID UNTIL ${escapeLiteral(validUntil ?? 'infinity')}`);
  }
  return options;
}

async function describe(session: Session, role: Role, found: Pick<PresentRole, 'comment'>): Promise<void> {
  const subject = escapeIdentifier(role.name);
  for (const { parameter, values } of role.settings) {
    const value = values.map(escapeLiteral).join(', ');
    await session.query(`ALTER ROLE ${subject} SET ${escapeIdentifier(parameter)} TO ${value}`);
  }
  if (role.comment !== null && role.comment !== found.comment) {
    await session.query(`COMMENT ON ROLE ${subject} IS ${escapeLiteral(role.comment)}`);
  }
}
