import { CircleAlert, CircleCheck, CircleDashed, Clock, LoaderCircle, X, type LucideIcon } from 'lucide-react';
import { useState, type KeyboardEvent } from 'react';
import { Link } from 'react-router';
import { useCalendar } from '../../data/calendar.ts';
import type { DatabaseProtection } from '../../data/protection.ts';
import { Card, dayOf, EmptyState, formatDay, Loaded, useNow, type Tone } from '../../kit/index.ts';
import { dayInWords, groupByDay, lastDays, type CalendarDay, type Outcome } from './calendar-grid.ts';

const shownDays = 14;
const dayMs = 86_400_000;

const looks: Record<Outcome, { word: string; tone: Tone; icon: LucideIcon }> = {
  done: { word: 'Done', tone: 'good', icon: CircleCheck },
  error: { word: 'Failed', tone: 'bad', icon: X },
  missed: { word: 'Missed', tone: 'bad', icon: CircleAlert },
  running: { word: 'Running', tone: 'info', icon: LoaderCircle },
  skipped: { word: 'Skipped', tone: 'neutral', icon: CircleDashed },
  planned: { word: 'Planned', tone: 'neutral', icon: Clock },
};

type Database = DatabaseProtection['database'];

/** What came of each day's slots, for each database. */
export function SlotCalendar({ databases }: { databases: readonly Database[] }): React.JSX.Element {
  const now = useNow();
  const today = dayOf(now);
  const days = lastDays(new Date(`${today}T12:00:00`), shownDays);
  const [from = now] = days;
  const query = useCalendar(from.toISOString(), new Date(from.getTime() + shownDays * dayMs).toISOString());
  return (
    <Card title={`Slots of the last ${shownDays} days`}>
      <Loaded query={query}>
        {(slots) =>
          slots.length === 0 ? (
            <EmptyState title="No slots yet" icon={Clock}>
              A schedule plans a slot for each of its times. What came of them is shown here.
            </EmptyState>
          ) : (
            <>
              <Grid databases={databases} days={days} slots={groupByDay(slots)} />
              <Legend />
            </>
          )
        }
      </Loaded>
    </Card>
  );
}

/** The cell that an arrow leads to. */
function neighbour(cell: HTMLTableCellElement, key: string): HTMLTableCellElement | undefined {
  const row = cell.parentElement;
  const along = (step: 'nextElementSibling' | 'previousElementSibling') => cell[step];
  const across = (step: 'nextElementSibling' | 'previousElementSibling') => row?.[step]?.children[cell.cellIndex];
  const found = {
    ArrowRight: along('nextElementSibling'),
    ArrowLeft: along('previousElementSibling'),
    ArrowDown: across('nextElementSibling'),
    ArrowUp: across('previousElementSibling'),
  }[key];
  return found instanceof HTMLTableCellElement && found.tagName === 'TD' ? found : undefined;
}

interface GridProps {
  databases: readonly Database[];
  days: readonly Date[];
  slots: ReadonlyMap<string, ReadonlyMap<string, CalendarDay>>;
}

/** Where there is no room for all days, the newest are seen first. */
function showToday(scroller: HTMLElement | null): void {
  if (scroller) scroller.scrollLeft = scroller.scrollWidth;
}

/** One stop of the Tab key, in which arrows move. */
function Grid({ databases, days, slots }: GridProps): React.JSX.Element {
  const [active, setActive] = useState(`${databases[0]?.id}/${days.length - 1}`);
  const move = (event: KeyboardEvent<HTMLElement>): void => {
    const cell = event.currentTarget.closest('td');
    const next = cell && neighbour(cell, event.key);
    const target = next?.firstElementChild;
    if (!(target instanceof HTMLElement)) return;
    event.preventDefault();
    setActive(target.dataset['cell'] ?? active);
    target.focus();
  };
  return (
    <div className="calendar-scroll" ref={showToday}>
      <table className="calendar" aria-label="Slots by database and day">
        <thead>
          <tr>
            <th scope="col">
              <span className="hidden-visually">Database</span>
            </th>
            {days.map((day) => (
              <th scope="col" key={day.getTime()} title={formatDay(day)}>
                {day.getDate()}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {databases.map(({ id, name }) => (
            <tr key={id}>
              <th scope="row" title={name}>
                {name}
              </th>
              {days.map((day, index) => (
                <td key={day.getTime()}>
                  <Cell
                    cell={`${id}/${index}`}
                    isActive={active === `${id}/${index}`}
                    to={`/databases/${id}?tab=backups&day=${dayOf(day)}`}
                    label={`${name}, ${formatDay(day)}`}
                    day={slots.get(id)?.get(dayOf(day))}
                    onKeyDown={move}
                  />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface CellProps {
  cell: string;
  isActive: boolean;
  to: string;
  label: string;
  day: CalendarDay | undefined;
  onKeyDown: (event: KeyboardEvent<HTMLElement>) => void;
}

function Cell({ cell, isActive, to, label, day, onKeyDown }: CellProps): React.JSX.Element {
  const look = day?.worst ? looks[day.worst] : null;
  const text = `${label}: ${day ? dayInWords(day) : 'nothing planned'}`;
  return (
    <Link
      className="calendar__day"
      data-tone={look?.tone}
      data-cell={cell}
      to={to}
      title={text}
      aria-label={text}
      tabIndex={isActive ? 0 : -1}
      onKeyDown={onKeyDown}
    >
      {look ? <look.icon size={14} aria-hidden /> : <span aria-hidden>·</span>}
    </Link>
  );
}

function Legend(): React.JSX.Element {
  return (
    <ul className="legend" aria-label="Signs in the calendar">
      {Object.values(looks).map(({ word, icon: Icon }) => (
        <li key={word}>
          <Icon size={14} aria-hidden />
          {word}
        </li>
      ))}
    </ul>
  );
}
