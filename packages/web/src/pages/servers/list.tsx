import { Plus, Server as ServerIcon } from 'lucide-react';
import { useState } from 'react';
import { Link } from 'react-router';
import { useDatabases } from '../../data/databases.ts';
import { useServers, type Server } from '../../data/servers.ts';
import {
  Button,
  Card,
  countOf,
  DataTable,
  EmptyState,
  Loaded,
  Page,
  PageHeader,
  RelativeTime,
  type Column,
} from '../../kit/index.ts';
import { NewServerDialog } from './new-server-dialog.tsx';
import { Seen } from './seen.tsx';

const columns: readonly Column<Server>[] = [
  {
    key: 'name',
    header: 'Server',
    sortBy: ({ name }) => name,
    cell: ({ id, name }) => <Link to={`/servers/${id}`}>{name}</Link>,
  },
  { key: 'seen', header: 'Agent', sortBy: (row) => row.last_seen_at, cell: (row) => <Seen server={row} /> },
  { key: 'databases', header: 'Backs up', cell: ({ id }) => <Databases id={id} /> },
  {
    key: 'added',
    header: 'Added',
    sortBy: (row) => row.created_at,
    cell: (row) => <RelativeTime at={row.created_at} />,
  },
];

export default function ServersPage(): React.JSX.Element {
  const servers = useServers();
  const [adding, setAdding] = useState(false);
  const add = (
    <Button tone="primary" icon={Plus} onClick={() => setAdding(true)}>
      Add server
    </Button>
  );
  return (
    <Page>
      <PageHeader
        title="Remote servers"
        lead="Machines that Holdfast does not reach: their agents ask for work, and upload straight to the bucket."
        actions={add}
      />
      <Card flush>
        <Loaded query={servers}>
          {(rows) => (
            <DataTable
              label="Remote servers"
              columns={columns}
              rows={rows}
              rowKey={({ id }) => String(id)}
              empty={
                <EmptyState title="No remote server yet" icon={ServerIcon} actions={add}>
                  An agent backs up what lies behind a firewall, and directories of its machine. It needs this address
                  and a token, and no open port.
                </EmptyState>
              }
            />
          )}
        </Loaded>
      </Card>
      <NewServerDialog isOpen={adding} onClose={() => setAdding(false)} />
    </Page>
  );
}

function Databases({ id }: { id: number }): React.JSX.Element {
  const { data = [] } = useDatabases();
  return <>{countOf(data.filter(({ server_id: server }) => server === id).length, 'database')}</>;
}
