import { Badge } from './badge.tsx';
import { lookOf } from './states.ts';

/** A state of anything by colour, icon and word. @param word where another than the usual one says it better */
export function StateBadge({ state, word }: { state: string; word?: string }): React.JSX.Element {
  const look = lookOf(state);
  return (
    <Badge tone={look.tone} icon={look.icon}>
      {word ?? look.word}
    </Badge>
  );
}
