import { HoldfastError } from '@holdfast/shared/domain';
import { escapeIdentifier } from 'pg';
import type { Session } from '../session.ts';
import { isPredefined, type Membership } from './roles.ts';

/** What became of the memberships of a backup. */
export interface AppliedMemberships {
  added: number;
  /** Predefined roles that this server does not have: an older one lacks some. */
  unknown: string[];
}

/** What is there of a membership; all false when nothing is. */
interface Held {
  any: boolean;
  admin: boolean;
  inherit: boolean;
  set: boolean;
  /** Whether the member has the attribute INHERIT. */
  memberInherits: boolean;
}

/**
 * Adds the memberships that are missing, and to those that are there the options that are missing.
 * @param refuse makes the error for what this server cannot hold
 */
export async function applyMemberships(
  session: Session,
  memberships: readonly Membership[],
  refuse: (why: string) => HoldfastError,
): Promise<AppliedMemberships> {
  const unknown = await missingPredefined(session, memberships);
  let added = 0;
  // Who may administer a role comes first, so that it can be the grantor of the others.
  for (const membership of memberships.toSorted((a, b) => Number(b.admin) - Number(a.admin))) {
    if (unknown.includes(membership.role) || unknown.includes(membership.member)) continue;
    const grantor = await usableGrantor(session, membership);
    const held = await heldOf(session, membership, grantor);
    const options = session.server.major >= 16 ? missingOptions(membership, held) : onlyAdmin(membership, held, refuse);
    if (options === null) continue;
    const by = grantor === null ? '' : ` GRANTED BY ${escapeIdentifier(grantor)}`;
    const { role, member } = membership;
    await session.query(`GRANT ${escapeIdentifier(role)} TO ${escapeIdentifier(member)}${options}${by}`);
    added += 1;
  }
  return { added, unknown };
}

async function missingPredefined(session: Session, memberships: readonly Membership[]): Promise<string[]> {
  const names = new Set(memberships.flatMap(({ role, member }) => [role, member]).filter(isPredefined));
  const rows = await session.query<{ name: string }>(
    'select name from unnest($1::text[]) name where name not in (select rolname from pg_roles) order by 1',
    [[...names]],
  );
  return rows.map(({ name }) => name);
}

/** The backup's grantor where the server takes it, which asks that it may administer the role; null for its own choice. */
async function usableGrantor(session: Session, { role, grantor }: Membership): Promise<string | null> {
  if (grantor === null) return null;
  const rows = await session.query(
    `select from pg_auth_members m join pg_roles r on r.oid = m.roleid join pg_roles g on g.oid = m.member
     where r.rolname = $1 and g.rolname = $2 and m.admin_option
       and (select rolsuper from pg_roles where rolname = current_user)`,
    [role, grantor],
  );
  return rows.length > 0 ? grantor : null;
}

async function heldOf(session: Session, { role, member }: Membership, grantor: string | null): Promise<Held> {
  const { inherit, set } =
    session.server.major >= 16
      ? { inherit: 'bool_or(m.inherit_option)', set: 'bool_or(m.set_option)' }
      : { inherit: 'bool_or(p.rolinherit and m.roleid is not null)', set: 'bool_or(m.roleid is not null)' };
  const [held] = await session.query<Held>(
    `select p.rolinherit as "memberInherits", count(m.roleid) > 0 as any, coalesce(bool_or(m.admin_option), false) as admin,
       coalesce(${inherit}, false) as inherit, coalesce(${set}, false) as set
     from pg_roles p left join (
       select m.* from pg_auth_members m join pg_roles r on r.oid = m.roleid left join pg_roles g on g.oid = m.grantor
       where r.rolname = $1 and ($3::text is null or g.rolname = $3)) m on m.member = p.oid
     where p.rolname = $2 group by p.rolinherit`,
    [role, member, grantor],
  );
  if (!held) throw new HoldfastError('internal');
  return held;
}

/** @returns null when nothing is missing */
function missingOptions(membership: Membership, held: Held): string | null {
  const admin = membership.admin || held.admin;
  const inherit = (membership.inherit ?? held.memberInherits) || held.inherit;
  const set = membership.set || held.set;
  if (held.any && admin === held.admin && inherit === held.inherit && set === held.set) return null;
  return ` WITH ADMIN ${admin}, INHERIT ${inherit}, SET ${set}`;
}

/** Before 16 a membership is inherited as the member says, and may be assumed by SET ROLE always. */
function onlyAdmin(membership: Membership, held: Held, refuse: (why: string) => HoldfastError): string | null {
  const { role, member, admin, inherit, set } = membership;
  if (!set || (inherit ?? held.memberInherits) !== held.memberInherits) {
    throw refuse(
      `the membership of ${escapeIdentifier(member)} in ${escapeIdentifier(role)} has options that only PostgreSQL 16 and newer know`,
    );
  }
  if (held.any && (held.admin || !admin)) return null;
  return admin ? ' WITH ADMIN OPTION' : '';
}
