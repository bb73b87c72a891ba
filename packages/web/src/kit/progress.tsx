import type { ReactNode } from 'react';
import './progress.css';
import type { Tone } from './tone.ts';

export interface ProgressProps {
  /** Of what. */
  label: string;
  /** 0 … 1; null when it is not known how much is left. */
  value: number | null;
  tone?: Tone | 'accent';
  /** Shown above the bar at the left: `1.2 GB of 4 GB`. */
  text?: ReactNode;
  /** Shown above the bar at the right: `34 MB/s`. */
  aside?: ReactNode;
  /** A part of a limit that says how things are, rather than work that goes on. */
  meter?: boolean;
}

export function Progress({
  label,
  value,
  tone = 'accent',
  text,
  aside,
  meter = false,
}: ProgressProps): React.JSX.Element {
  const percent = value === null ? undefined : Math.round(Math.min(1, Math.max(0, value)) * 100);
  return (
    <div className="progress">
      {(text !== undefined || aside !== undefined) && (
        <div className="progress__text">
          <span>{text}</span>
          <span>{aside}</span>
        </div>
      )}
      <div
        className="progress__track"
        role={meter ? 'meter' : 'progressbar'}
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={percent}
      >
        <div
          className="progress__bar"
          data-tone={tone}
          data-unknown={percent === undefined}
          style={percent === undefined ? undefined : { width: `${percent}%` }}
        />
      </div>
    </div>
  );
}
