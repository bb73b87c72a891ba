/** Whether somebody waits for the undoing of the restore of that alias, or it runs, as an SQL expression. */
const isBeingUndone = (w: string): string => `exists (
  select from holdfast.restores u where u.database_id = ${w}.database_id and u.target ->> 'mode' = 'undo'
    and u.target ->> 'restoreId' = ${w}.id::text and u.status in ('scheduled', 'pending'))`;

/** Whether a later restore in place has put other content where that of `w` had been; one of roles alone did not. */
const isSuperseded = (w: string): string => `exists (
  select from holdfast.restores n where n.database_id = ${w}.database_id and n.target ->> 'mode' = 'in_place'
    and n.status = 'done' and (n.created_at, n.id) > (${w}.created_at, ${w}.id)
    and (n.file_ids is null
      or exists (select from holdfast.backup_files f where f.id = any (n.file_ids) and f.role = 'dump')))`;

/** Why the restore of that alias cannot be undone, as an SQL expression: an `UndoRefusal`, or null when it can be. */
export const undoRefusal = (w: string): string => `case
  when ${w}.target ->> 'mode' <> 'in_place' then 'not_in_place'
  when ${w}.status <> 'done' then 'not_done'
  when ${w}.former is null or ${w}.former_until <= clock_timestamp() then 'former_missing'
  when ${isSuperseded(w)} then 'superseded'
end`;

/** Whether former content was kept for long enough and is not being swapped back. */
export const isFormerDue = (w: string, now = 'clock_timestamp()'): string =>
  `(${w}.former is not null and ${w}.former_until <= ${now} and not ${isBeingUndone(w)})`;

/**
 * Whether a restore in place that failed may have left former content that has to stay for its time: nobody heard whether its
 * last step was taken.
 */
export const isUnheardFormerKept = (w: string): string => `(
  ${w}.status = 'error' and ${w}.target ->> 'mode' = 'in_place' and ${w}.keep_hours > 0
  and ${w}.completed_at + make_interval(hours => ${w}.keep_hours) > clock_timestamp())`;
