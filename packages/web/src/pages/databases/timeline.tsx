import { Link, useSearchParams } from 'react-router';
import type { Backup } from '../../data/backups.ts';
import { dayOf, formatBytes, formatDay, formatDuration, lookOf } from '../../kit/index.ts';
import './databases.css';
import { byDay } from './figures.ts';
import { outcomeOf, secondsOf } from './words.ts';

const clock = new Intl.DateTimeFormat('en-GB', { timeStyle: 'short' });

/** What a mark stands for, in words. */
function wordsOf(backup: Backup): string[] {
  const seconds = secondsOf(backup, backup.completed_at);
  const { level } = backup.verification;
  return [
    lookOf(outcomeOf(backup)).word,
    level === null ? '' : lookOf(level).word,
    backup.status === 'done' && backup.size !== null ? formatBytes(backup.size) : '',
    backup.status === 'done' && seconds !== null ? formatDuration(seconds) : '',
  ].filter((part) => part !== '');
}

/** Backups by the day on which they were asked for, each with what became of it. */
export function Timeline({ backups }: { backups: readonly Backup[] }): React.JSX.Element {
  return (
    <div className="timeline">
      {byDay(backups, ({ created_at: at }) => at).map(({ at, items }) => (
        <Day key={at.getTime()} at={at} backups={items} />
      ))}
    </div>
  );
}

function Day({ at, backups }: { at: Date; backups: readonly Backup[] }): React.JSX.Element {
  const [search] = useSearchParams();
  const isAsked = search.get('day') === dayOf(at);
  return (
    <>
      <span
        className="timeline__day"
        aria-current={isAsked ? 'date' : undefined}
        ref={(element) => {
          if (isAsked) element?.scrollIntoView({ block: 'center' });
        }}
      >
        {formatDay(at)}
      </span>
      <span className="timeline__marks">
        {backups.map((backup) => {
          const { tone, icon: Icon } = lookOf(outcomeOf(backup));
          return (
            <Link
              key={backup.id}
              className="timeline__mark"
              data-tone={tone}
              to={`/databases/${backup.database_id}/backups/${backup.id}`}
              title={wordsOf(backup).join(' · ')}
              aria-label={`${clock.format(new Date(backup.created_at))}: ${wordsOf(backup).join(', ')}`}
            >
              <Icon size={14} aria-hidden />
              {clock.format(new Date(backup.created_at))}
            </Link>
          );
        })}
      </span>
    </>
  );
}
