/** A further `with` query: the slot of a schedule ends as its backup, a row of `changed`, does, in the same statement. */
export const endSlots = `, slot as (
  update holdfast.slots s set status = changed.status, ended_at = clock_timestamp()
  from changed where s.backup_id = changed.id and changed.status in ('done', 'error') and s.status <> changed.status)`;
