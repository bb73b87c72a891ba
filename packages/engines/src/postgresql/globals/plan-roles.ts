import type { Session } from '../session.ts';
import { presentRoles, type PresentRole } from './present.ts';
import { switches, type Role, type Switch } from './roles.ts';

/** What a role of a backup makes of the server's: nothing that is so already. */
export interface RoleChange {
  role: Role;
  /** As it is on the server; null where it is to be created. */
  found: PresentRole | null;
  /** Attributes that change, to what the backup has. */
  switched: Switch[];
  /** Null where it stays. */
  connectionLimit: number | null;
  /** `infinity` for never; null where it stays. */
  validUntil: string | null;
  /** Whether it gets the backup's password. */
  getsPassword: boolean;
}

export interface RolePlan {
  changes: RoleChange[];
  /** Were there and may not be changed. */
  guarded: string[];
}

/** What CREATE ROLE gives when nothing is said. */
const fresh: Pick<PresentRole, 'on' | 'connectionLimit'> = { on: new Set(['INHERIT']), connectionLimit: -1 };

/** Compares the roles of a backup with the server's: what a restore does with them, and what is told before. */
export async function planRoles(session: Session, roles: readonly Role[]): Promise<RolePlan> {
  const present = await presentRoles(session, roles);
  const isGuarded = ({ name }: Role): boolean => present.get(name)?.guarded === true;
  return {
    changes: roles.filter((role) => !isGuarded(role)).map((role) => changeOf(role, present.get(role.name) ?? null)),
    guarded: roles.filter(isGuarded).map(({ name }) => name),
  };
}

function changeOf(role: Role, found: PresentRole | null): RoleChange {
  const { on, connectionLimit, validUntil } = role.attributes;
  const before = found ?? fresh;
  const isSameEnd = found ? found.sameEnd : validUntil === null;
  return {
    role,
    found,
    switched: switches.filter((name) => on.has(name) !== before.on.has(name)),
    connectionLimit: connectionLimit === before.connectionLimit ? null : connectionLimit,
    validUntil: isSameEnd ? null : (validUntil ?? 'infinity'),
    // One that it has by now may be in use, and may have been changed for a reason.
    getsPassword: role.password !== null && (found?.passwordless ?? true),
  };
}
