import { CircleCheck, CircleDashed } from 'lucide-react';
import { RelativeTime, lookOf } from '../../kit/index.ts';
import './databases.css';
import type { Rung } from './figures.ts';

const meanings: Record<Rung['level'], string> = {
  stored: 'Every object is there, with its size and digest',
  readable: 'Every object decodes to its end',
  restorable: 'It was restored into a scratch database',
  identical: 'What was restored equals the source',
};

/** What is proven of a backup, from the lowest level on. */
export function Ladder({ rungs }: { rungs: readonly Rung[] }): React.JSX.Element {
  return (
    <ol className="ladder" aria-label="Levels of verification">
      {rungs.map(({ level, reached, at }) => {
        const Icon = reached ? CircleCheck : CircleDashed;
        return (
          <li className="ladder__rung" key={level} data-reached={reached}>
            <span className="ladder__level">
              <Icon size={16} aria-hidden />
              {lookOf(level).word}
            </span>
            <span className="soft">{meanings[level]}</span>
            <span>
              {reached ? 'Proven' : 'Not proven'} {at !== null && <RelativeTime at={at} />}
            </span>
          </li>
        );
      })}
    </ol>
  );
}
