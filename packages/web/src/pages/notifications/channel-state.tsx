import type { Channel } from '../../data/notifications.ts';
import { StateBadge } from '../../kit/index.ts';

const looks = {
  ok: { state: 'ok' },
  failing: { state: 'failed', word: 'Failing' },
  unused: { state: 'disabled', word: 'Not used yet' },
  off: { state: 'disabled', word: 'Off' },
} as const;

export const ChannelState = ({
  channel: { state, last_delivered_at: last },
}: {
  channel: Channel;
}): React.JSX.Element => <StateBadge {...looks[state === 'ok' && last === null ? 'unused' : state]} />;
