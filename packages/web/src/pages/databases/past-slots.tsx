import { Link } from 'react-router';
import { useSlots, type Slot } from '../../data/schedules.ts';
import { formatTime, lookOf, Soft, Stack } from '../../kit/index.ts';
import './databases.css';

const reasons: Record<NonNullable<Slot['reason']>, string> = {
  overlap: 'another backup ran',
  disabled: 'the schedule was paused',
  caught_up: 'a later run took its place',
};

/** What became of the newest planned runs; nothing where there was none. */
export function PastSlots({ db, id }: { db: string; id: string }): React.JSX.Element | null {
  const { data } = useSlots(db, id);
  if (!data || data.slots.length === 0) return null;
  return (
    <Stack gap="s">
      <Soft small>Last runs, the newest first</Soft>
      <ul className="slots">
        {data.slots.map((slot) => (
          <li key={slot.scheduled_for}>
            <Mark db={db} slot={slot} />
          </li>
        ))}
      </ul>
    </Stack>
  );
}

function Mark({ db, slot }: { db: string; slot: Slot }): React.JSX.Element {
  const { tone, icon: Icon, word } = lookOf(slot.status);
  const why = slot.reason === null ? '' : ` (${reasons[slot.reason]})`;
  const many = slot.covers > 1 ? `, ${slot.covers} runs` : '';
  const content = (
    <>
      <Icon size={14} aria-hidden />
      {formatTime(new Date(slot.scheduled_for))}: {word}
      {why}
      {many}
    </>
  );
  return slot.backup_id === null ? (
    <span className="timeline__mark" data-tone={tone}>
      {content}
    </span>
  ) : (
    <Link className="timeline__mark" data-tone={tone} to={`/databases/${db}/backups/${slot.backup_id}`}>
      {content}
    </Link>
  );
}
