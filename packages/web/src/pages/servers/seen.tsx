import type { Server } from '../../data/servers.ts';
import { Inline, RelativeTime, Soft, StateBadge, useNow } from '../../kit/index.ts';

/** Agents ask for work every half minute, and a request is noted once a minute. */
const lateMs = 180_000;

/** Whether a server's agent is there. */
export function Seen({ server: { last_seen_at: at } }: { server: Server }): React.JSX.Element {
  const now = useNow();
  if (at === null) return <StateBadge state="unknown" word="Never seen" />;
  return (
    <Inline>
      <StateBadge
        {...(now.getTime() - new Date(at).getTime() < lateMs
          ? { state: 'ok', word: 'Asks for work' }
          : { state: 'silent' })}
      />
      <Soft small>
        <RelativeTime at={at} />
      </Soft>
    </Inline>
  );
}
