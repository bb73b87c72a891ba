import { HardDrive, Plus } from 'lucide-react';
import { Link } from 'react-router';
import { useDestinations, useReconciliation, useUsage, type Destination } from '../../data/destinations.ts';
import {
  Bytes,
  Card,
  countOf,
  DataTable,
  EmptyState,
  Inline,
  LinkButton,
  Loaded,
  Page,
  PageHeader,
  RelativeTime,
  Soft,
  StateBadge,
  type Column,
} from '../../kit/index.ts';
import { Guards, Place } from './place.tsx';

const add = (
  <LinkButton to="/destinations/new" tone="primary" icon={Plus}>
    Add destination
  </LinkButton>
);

const columns: readonly Column<Destination>[] = [
  {
    key: 'label',
    header: 'Destination',
    sortBy: ({ label }) => label,
    cell: ({ id, label }) => <Link to={`/destinations/${id}`}>{label}</Link>,
  },
  { key: 'type', header: 'Kind', sortBy: (row) => row.type_human, cell: (row) => row.type_human },
  { key: 'place', header: 'Place', cell: (row) => <Place destination={row} /> },
  { key: 'held', header: 'Holds', cell: ({ id }) => <Held id={id} /> },
  { key: 'guards', header: 'Guards', cell: (row) => <Guards destination={row} /> },
  { key: 'compared', header: 'Last compared', cell: ({ id }) => <Compared id={id} /> },
];

export default function DestinationsPage(): React.JSX.Element {
  const destinations = useDestinations();
  return (
    <Page>
      <PageHeader
        title="Destinations"
        lead="Where backups are kept: buckets, and folders of the service's machine."
        actions={add}
      />
      <Card flush>
        <Loaded query={destinations}>
          {(rows) => (
            <DataTable
              label="Destinations"
              columns={columns}
              rows={rows}
              rowKey={({ id }) => String(id)}
              empty={
                <EmptyState title="No destination yet" icon={HardDrive} actions={add}>
                  Backups need a place: a bucket of S3 or of a server that speaks its protocol keeps them off-site.
                </EmptyState>
              }
            />
          )}
        </Loaded>
      </Card>
    </Page>
  );
}

function Held({ id }: { id: number }): React.JSX.Element {
  const { data } = useUsage(id);
  if (!data) return <Soft>–</Soft>;
  return (
    <Inline>
      <Bytes value={data.good.bytes + data.damaged.bytes + data.leaving.bytes} />
      <Soft small>{countOf(data.good.backups, 'backup')}</Soft>
    </Inline>
  );
}

function Compared({ id }: { id: number }): React.JSX.Element {
  const { data } = useReconciliation(id);
  if (!data || data.status === 'none') return <Soft>Never</Soft>;
  if (data.status !== 'done') return <StateBadge state={data.status === 'requested' ? 'scheduled' : data.status} />;
  return <RelativeTime at={data.succeeded_at} />;
}
