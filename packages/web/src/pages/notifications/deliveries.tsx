import { Send } from 'lucide-react';
import type { ReactNode } from 'react';
import { Link, useSearchParams } from 'react-router';
import { useChannels, useDeliveries, useResend, type Delivery, type DeliveryState } from '../../data/notifications.ts';
import {
  Badge,
  Button,
  Card,
  countOf,
  DataTable,
  EmptyState,
  FormRow,
  Inline,
  Loaded,
  Page,
  PageHeader,
  RelativeTime,
  SelectField,
  Soft,
  StateBadge,
  toast,
  type Column,
} from '../../kit/index.ts';
import { DeliveryDetails, hasDetails } from './delivery-details.tsx';

const states: readonly { value: DeliveryState | ''; label: string }[] = [
  { value: '', label: 'Any state' },
  { value: 'scheduled', label: 'Waiting' },
  { value: 'pending', label: 'Being sent' },
  { value: 'done', label: 'Delivered' },
  { value: 'error', label: 'Failed' },
];

const columns: readonly Column<Delivery>[] = [
  { key: 'at', header: 'At', cell: (row) => <RelativeTime at={row.created_at} absolute /> },
  {
    key: 'channel',
    header: 'Channel',
    cell: ({ channel: { id, name, type } }) =>
      type === 'ping' ? <Soft>A ping of a schedule</Soft> : <Link to={`/notifications/${id}`}>{name}</Link>,
  },
  {
    key: 'what',
    header: 'Message',
    wide: true,
    cell: (row) => (
      <Inline>
        <Kind delivery={row} />
        {messageOf(row)}
      </Inline>
    ),
  },
  {
    key: 'state',
    header: 'State',
    cell: ({ status }) => <StateBadge state={status === 'done' ? 'delivered' : status} />,
  },
  { key: 'attempts', header: 'Attempts', align: 'end', cell: ({ attempts }) => attempts },
  { key: 'resend', header: '', align: 'end', cell: (row) => row.ended_at !== null && <Resend delivery={row} /> },
];

const detailsOf = (row: Delivery): ReactNode => hasDetails(row) && <DeliveryDetails delivery={row} />;

export default function DeliveriesPage(): React.JSX.Element {
  const [search, setSearch] = useSearchParams();
  const channel = search.get('channel');
  const state = states.find(({ value }) => value === search.get('state'))?.value || null;
  const channels = useChannels();
  const deliveries = useDeliveries({ channel, state });
  const filter = (name: string, value: string): void => {
    const next = new URLSearchParams(search);
    if (value === '') next.delete(name);
    else next.set(name, value);
    setSearch(next, { replace: true });
  };
  return (
    <Page>
      <PageHeader
        title="Deliveries"
        crumbs={[{ label: 'Notifications', to: '/notifications' }]}
        lead="Each message, its attempts and what the other side said; kept for 90 days."
      />
      <FormRow>
        <SelectField
          label="Channel"
          value={channel ?? ''}
          options={[
            { value: '', label: 'All channels' },
            ...(channels.data ?? []).map(({ id, name }) => ({ value: id, label: name })),
          ]}
          onChange={(value) => filter('channel', value)}
        />
        <SelectField label="State" value={state ?? ''} options={states} onChange={(value) => filter('state', value)} />
      </FormRow>
      <Card flush>
        <Loaded query={deliveries}>
          {({ pages }) => (
            <DataTable
              label="Deliveries"
              columns={columns}
              rows={pages.flat()}
              rowKey={({ id }) => id}
              details={detailsOf}
              empty={<EmptyState title="No such message">Messages are kept here for 90 days.</EmptyState>}
            />
          )}
        </Loaded>
      </Card>
      {deliveries.hasNextPage && (
        <div>
          <Button busy={deliveries.isFetchingNextPage} onClick={() => void deliveries.fetchNextPage()}>
            Show older ones
          </Button>
        </div>
      )}
    </Page>
  );
}

/** Whether it told that something began or that it is over. */
function Kind({ delivery: { cause, events } }: { delivery: Delivery }): React.JSX.Element | null {
  const kinds = new Set(events.map(({ kind }) => kind));
  const [kind] = kinds;
  if (kinds.size !== 1) return null;
  if (kind === 'alert.raised') return <Badge tone="bad">{cause === 'repeat' ? 'Still open' : 'Raised'}</Badge>;
  return kind === 'alert.cleared' ? <StateBadge state="cleared" /> : null;
}

function messageOf({ message, ping, events, event_count: count }: Delivery): string {
  if (ping !== null) return `Ping: ${ping}`;
  const [first] = events;
  if (!first) return message ?? '';
  return count === 1 ? first.message : `${countOf(count, 'event')}: ${first.message} …`;
}

function Resend({ delivery: { id } }: { delivery: Delivery }): React.JSX.Element {
  const resend = useResend();
  return (
    <Button
      size="s"
      icon={Send}
      busy={resend.isPending}
      onClick={() => resend.mutate(id, { onSuccess: () => toast.good('It is sent again.'), onError: toast.bad })}
    >
      Send again
    </Button>
  );
}
