import type { Channel } from '../../data/notifications.ts';
import { StateBadge } from '../../kit/index.ts';

const looks = {
  ok: { state: 'ok' },
  failing: { state: 'failed', word: 'Failing' },
  off: { state: 'disabled', word: 'Off' },
} as const;

export const ChannelState = ({ channel: { state } }: { channel: Channel }): React.JSX.Element => (
  <StateBadge {...looks[state]} />
);
