import type { PreflightFinding } from '@holdfast/shared/domain';
import { finding, listed } from '../preflight-look.ts';
import type { Session } from '../session.ts';
import { planRoles, type RoleChange } from './plan-roles.ts';
import type { Globals, Membership, Switch } from './roles.ts';

/** What a role may do with each attribute and, where it is taken from one that is there, what it may not do any more. */
const words: Readonly<Record<Switch, readonly [on: string, off: string]>> = {
  SUPERUSER: ['becomes superuser', 'is no superuser any more'],
  INHERIT: ['inherits privileges', 'inherits no privileges any more'],
  CREATEROLE: ['may create roles', 'may not create roles any more'],
  CREATEDB: ['may create databases', 'may not create databases any more'],
  LOGIN: ['may log in', 'may not log in any more'],
  REPLICATION: ['may replicate', 'may not replicate any more'],
  BYPASSRLS: ['bypasses row security', 'does not bypass row security any more'],
};

/** The order in which changes and the roles that they are of are named: what opens the most comes first. */
const grave: readonly Switch[] = ['SUPERUSER', 'LOGIN', 'CREATEROLE', 'BYPASSRLS', 'REPLICATION', 'CREATEDB'];

interface Said {
  /** A role, and what it could do afterwards that it cannot now, or the reverse: the gravest first. */
  text: string;
  /** The lower the graver. */
  rank: number;
}

/**
 * What the roles of a backup would change on the server, by the comparison that a restore goes by. Those that would be made
 * are told where they come with power: as a superuser, or with a password to log in with.
 */
export async function globalsFindings(session: Session, globals: Globals): Promise<PreflightFinding[]> {
  const { changes } = await planRoles(session, globals.roles);
  const groups = await newGroups(session, globals.memberships);
  const said = changes
    .filter(({ found, role: { attributes }, getsPassword }) => {
      const isPowerful = attributes.on.has('SUPERUSER') || (attributes.on.has('LOGIN') && getsPassword);
      return found !== null || isPowerful;
    })
    .flatMap((change) => saidOf(change, groups.get(change.role.name) ?? []))
    .toSorted((a, b) => a.rank - b.rank);
  if (said.length === 0) return [];
  const list = listed(said.map(({ text }) => text));
  const message = `The roles of the backup come with this restore and stay as they then are, whatever becomes of the rest. What that changes on the server: ${list}. Name the dump alone in files to leave its roles as they are.`;
  return [finding('warning', 'roles', message)];
}

/** Names have escapes, because a role's may hold anything. */
function saidOf({ role, found, switched, ...change }: RoleChange, groups: readonly string[]): Said[] {
  const { on } = role.attributes;
  const rankOf = (each: Switch): number => (on.has(each) && grave.includes(each) ? grave.indexOf(each) : grave.length);
  const ordered = switched.toSorted((a, b) => rankOf(a) - rankOf(b));
  const { connectionLimit, validUntil, getsPassword } = change;
  const changes = [
    ...ordered.map((each) => words[each][on.has(each) ? 0 : 1]),
    ...(getsPassword ? ['gets the password of the backup'] : []),
    ...(groups.length > 0 ? [`becomes a member of ${listed(groups.map((name) => JSON.stringify(name)))}`] : []),
    ...(connectionLimit === null
      ? []
      : [connectionLimit < 0 ? 'has no limit of sessions' : `has ${connectionLimit} sessions at most`]),
    ...(validUntil === null
      ? []
      : [validUntil === 'infinity' ? 'has a password without an end' : `has a password until ${validUntil}`]),
  ];
  if (changes.length === 0) return [];
  const gains = groups.length > 0 || getsPassword;
  const text = `role ${JSON.stringify(role.name)} ${found ? '' : 'is made, '}${changes.join(', ')}`;
  return [{ text, rank: Math.min(gains ? grave.indexOf('CREATEROLE') : grave.length, ...switched.map(rankOf)) }];
}

/** The groups that each role that is there would join or could administer and cannot now, by the role's name. */
async function newGroups(session: Session, memberships: readonly Membership[]): Promise<Map<string, string[]>> {
  const rows = await session.query<{ role: string; member: string }>(
    `select w.role, w.member from unnest($1::text[], $2::text[], $3::bool[]) as w (role, member, admin)
       join pg_roles p on p.rolname = w.member left join pg_roles r on r.rolname = w.role
     where (r.oid is not null or not starts_with(w.role, 'pg_')) and not exists (select from pg_auth_members m
       where m.roleid = r.oid and m.member = p.oid and (m.admin_option or not w.admin))
     group by 1, 2 order by 1`,
    [
      memberships.map((each) => each.role),
      memberships.map(({ member }) => member),
      memberships.map(({ admin }) => admin),
    ],
  );
  const groups = new Map<string, string[]>();
  for (const { role, member } of rows) groups.set(member, [...(groups.get(member) ?? []), role]);
  return groups;
}
