import { BellRing, History, Plus } from 'lucide-react';
import { Link } from 'react-router';
import { useChannels, type Channel } from '../../data/notifications.ts';
import {
  Card,
  DataTable,
  EmptyState,
  LinkButton,
  Loaded,
  Page,
  PageHeader,
  RelativeTime,
  type Column,
} from '../../kit/index.ts';
import { typeInWords } from './channel-fields.tsx';
import { ChannelState } from './channel-state.tsx';
import { rulesInWords } from './rules.ts';

const add = (
  <LinkButton to="/notifications/new" tone="primary" icon={Plus}>
    Add channel
  </LinkButton>
);

const columns: readonly Column<Channel>[] = [
  {
    key: 'name',
    header: 'Channel',
    sortBy: ({ name }) => name,
    cell: ({ id, name }) => <Link to={`/notifications/${id}`}>{name}</Link>,
  },
  { key: 'type', header: 'Kind', sortBy: ({ type }) => type, cell: ({ type }) => typeInWords(type) },
  { key: 'rules', header: 'Is told of', cell: ({ rules }) => rulesInWords(rules) },
  { key: 'state', header: 'State', sortBy: ({ state }) => state, cell: (row) => <ChannelState channel={row} /> },
  {
    key: 'last',
    header: 'Last delivered',
    sortBy: (row) => row.last_delivered_at,
    cell: (row) => <RelativeTime at={row.last_delivered_at} />,
  },
];

export default function NotificationsPage(): React.JSX.Element {
  const channels = useChannels();
  return (
    <Page>
      <PageHeader
        title="Notifications"
        lead="Who is told when something is wrong, and how."
        actions={
          <>
            {add}
            <LinkButton to="/notifications/deliveries" icon={History}>
              Deliveries
            </LinkButton>
          </>
        }
      />
      <Card flush>
        <Loaded query={channels}>
          {(rows) => (
            <DataTable
              label="Notification channels"
              columns={columns}
              rows={rows}
              rowKey={({ id }) => id}
              empty={
                <EmptyState title="Nobody is told yet" icon={BellRing} actions={add}>
                  A channel tells you by mail, chat, phone or webhook when a database is not protected any more, so that
                  you need not look here.
                </EmptyState>
              }
            />
          )}
        </Loaded>
      </Card>
    </Page>
  );
}
