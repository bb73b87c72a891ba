import type { AppliedMemberships } from './apply-memberships.ts';
import type { AppliedRoles } from './apply-roles.ts';

const shown = 10;

/** What a restore of roles did, in sentences for the row. */
export function outcomeOf(
  { created, kept, raised, guarded }: AppliedRoles,
  { added, unknown }: AppliedMemberships,
): string {
  const sentences = [
    `Roles: ${created.length} created, ${kept.length} that existed brought to the backup's, ${added} memberships added.`,
  ];
  if (guarded.length > 0) {
    sentences.push(`Left as they are, as the connecting user or superusers of this server: ${list(guarded)}.`);
  }
  if (raised.length > 0) sentences.push(`Superusers now, as in the backup: ${list(raised)}.`);
  if (unknown.length > 0) sentences.push(`Memberships left out, because this server has no ${list(unknown)}.`);
  if (created.length > 0) sentences.push('Created roles have no password yet.');
  return sentences.join(' ');
}

/** In quotes and with escapes, because a role's name may hold anything. */
function list(names: readonly string[]): string {
  const quoted = names.slice(0, shown).map((name) => JSON.stringify(name));
  const more = names.length - shown;
  return more > 0 ? `${quoted.join(', ')} and ${more} more` : quoted.join(', ');
}
