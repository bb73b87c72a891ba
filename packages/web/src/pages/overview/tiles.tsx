import { lookOf } from '../../kit/index.ts';
import type { Protection } from '../../data/protection.ts';

export type State = keyof Protection['summary'];
export const statesByUrgency: readonly State[] = ['unprotected', 'at_risk', 'unknown', 'protected'];

export interface TilesProps {
  summary: Protection['summary'];
  /** The one that the list is narrowed to; null: none. */
  chosen: State | null;
  onChoose: (state: State | null) => void;
}

/** How many databases there are in each state; pressing one narrows the list to it. */
export function Tiles({ summary, chosen, onChoose }: TilesProps): React.JSX.Element {
  return (
    <div className="tiles">
      {statesByUrgency.map((state) => {
        const { word, tone, icon: Icon } = lookOf(state);
        return (
          <button
            type="button"
            className="tile"
            key={state}
            data-tone={tone}
            data-count={summary[state]}
            aria-pressed={chosen === state}
            onClick={() => onChoose(chosen === state ? null : state)}
          >
            <span className="tile__count">{summary[state]}</span>
            <span className="tile__word">
              <Icon size={16} aria-hidden />
              {word}
            </span>
          </button>
        );
      })}
    </div>
  );
}
