import { verificationLevels } from '@holdfast/shared/domain';

/** All levels, as the list of an SQL `in`. */
export const levelList = `(${verificationLevels.map((level) => `'${level}'`).join(', ')})`;
const levels = `array[${verificationLevels.map((level) => `'${level}'`).join(', ')}]`;

/** The place of a level, given as an SQL expression, among all of them: `stored` is 1, nothing proven 0. */
export const rank = (level: string): string => `coalesce(array_position(${levels}, ${level}), 0)`;

/** The level at that place. */
export const levelAt = (place: string): string => `(${levels})[${place}]`;

/** What our workers can prove of the backup of that alias, as a place: what was made by a remote server they cannot restore. */
const mostProvable = (w: string): string =>
  `case when ${w}.server_id is null then ${verificationLevels.length} else ${rank(`'readable'`)} end`;

/** What the policy `verification`, a JSON value, asks for of the backup of that alias, as a place; 0 where it is null. */
export const asked = (verification: string, w: string): string =>
  `case when ${verification} is null then 0 else least(${rank(`${verification} ->> 'level'`)}, ${mostProvable(w)}) end`;

/** What the policy of its schedule asks for of the backup of that alias, as a place; 0 where there is none. */
export const askedOf = (w: string): string => `coalesce((
  select ${asked('s.verification', w)} from holdfast.schedules s where s.id = ${w}.schedule_id), 0)`;

/** Whether a verification of the backup of that alias waits or runs. */
export const isBeingVerified = (w: string): string => `exists (
  select from holdfast.verifications v where v.backup_id = ${w}.id and v.status in ('scheduled', 'pending'))`;

/** Whether a verification found the damage of the backup of that alias. Older programs do not say who found it: it was a look. */
export const foundByVerification = (w: string): string => `coalesce(${w}.damage ->> 'by' = 'verification', false)`;

/** Whether a verification came to less for the backup of that alias than the policy of its schedule asks for, and none to as much. */
export const isWanting = (w: string): string => `(exists (
  select from holdfast.verifications v
  where v.backup_id = ${w}.id and v.status = 'done' and v.completed_at is not null and v.reached is distinct from v.level
    and ${rank('v.level')} >= ${askedOf(w)}) and ${rank(`${w}.verified_level`)} < ${askedOf(w)})`;

/** The moment that the content of the backup of that alias is of: when the attempt began that made it. */
export const madeAt = (w: string): string => `coalesce((
  select a.started_at from holdfast.backup_attempts a where a.backup_id = ${w}.id and a.settled), ${w}.started_at, ${w}.created_at)`;

/** Whether the backup of that alias can be relied on: nobody deletes it, it is not damaged and was not found wanting. */
export const isGood = (w: string): string =>
  `(${w}.status = 'done' and ${w}.damaged_at is null and ${w}.deletion_requested_at is null and not ${isWanting(w)})`;
