import type { AppliedMemberships } from './apply-memberships.ts';
import type { AppliedRoles } from './apply-roles.ts';
import type { AppliedTablespaces } from './apply-tablespaces.ts';

const shown = 10;

/** What a restore of roles did, in sentences for the row. */
export function outcomeOf(
  { created, kept, raised, guarded, withPassword }: AppliedRoles,
  { added, unknown }: AppliedMemberships,
  tablespaces: AppliedTablespaces,
): string {
  const sentences = [
    `Roles: ${created.length} created, ${kept.length} that existed brought to the backup's, ${added} memberships added.`,
  ];
  if (guarded.length > 0) {
    sentences.push(`Left as they are, as the connecting user or superusers of this server: ${list(guarded)}.`);
  }
  if (raised.length > 0) sentences.push(`Superusers now, as in the backup: ${list(raised)}.`);
  if (unknown.length > 0) sentences.push(`Memberships left out, because this server has no ${list(unknown)}.`);
  if (withPassword.length > 0) sentences.push(`With the password of the backup: ${list(withPassword)}.`);
  const without = created.filter((name) => !withPassword.includes(name));
  if (without.length > 0) {
    const which = withPassword.length > 0 ? 'Other created' : 'Created';
    sentences.push(`${which} roles have no password yet.`);
  }
  const { created: made, kept: there, leftOut } = tablespaces;
  if (made.length + there.length > 0) {
    sentences.push(`Tablespaces: ${made.length} created, ${there.length} that existed brought to the backup's.`);
  }
  sentences.push(...leftOut.slice(0, shown));
  return sentences.join(' ');
}

/** In quotes and with escapes, because a role's name may hold anything. */
function list(names: readonly string[]): string {
  const quoted = names.slice(0, shown).map((name) => JSON.stringify(name));
  const more = names.length - shown;
  return more > 0 ? `${quoted.join(', ')} and ${more} more` : quoted.join(', ');
}
