import { Plus, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { Link, useNavigate, useParams } from 'react-router';
import { useDatabases, type Database } from '../../data/databases.ts';
import { useDeleteServer, useServer, type Server } from '../../data/servers.ts';
import {
  Button,
  Card,
  ConfirmDialog,
  DataTable,
  EmptyState,
  KeyValues,
  LinkButton,
  Loaded,
  Page,
  PageHeader,
  RelativeTime,
  toast,
  type Column,
} from '../../kit/index.ts';
import { AgentSetUp } from './agent-set-up.tsx';
import { Seen } from './seen.tsx';

const crumbs = [{ label: 'Remote servers', to: '/servers' }];

const columns: readonly Column<Database>[] = [
  { key: 'name', header: 'Database', cell: ({ id, name }) => <Link to={`/databases/${id}`}>{name}</Link> },
  { key: 'type', header: 'Kind', cell: ({ type }) => type },
];

export default function ServerPage(): React.JSX.Element {
  const { id = '' } = useParams();
  const server = useServer(Number(id));
  return (
    <Page>
      <Loaded query={server} loading={<PageHeader title="Remote server" crumbs={crumbs} />}>
        {(found) => <ServerView server={found} />}
      </Loaded>
    </Page>
  );
}

function ServerView({ server }: { server: Server }): React.JSX.Element {
  const { id, name } = server;
  const databases = useDatabases();
  return (
    <>
      <PageHeader title={name} crumbs={crumbs} actions={<Deletion server={server} />} />
      <Card>
        <KeyValues
          items={[
            ['Agent', <Seen key="seen" server={server} />],
            ['Added', <RelativeTime key="added" at={server.created_at} />],
          ]}
        />
      </Card>
      <Card
        title="Databases"
        flush
        actions={
          <LinkButton size="s" icon={Plus} to="/databases/new">
            Add database
          </LinkButton>
        }
      >
        <DataTable
          label="Databases of the server"
          columns={columns}
          rows={databases.data?.filter(({ server_id: of }) => of === id)}
          rowKey={(row) => row.id}
          empty={<EmptyState title="Its agent backs up nothing yet" />}
        />
      </Card>
      <Card title="Start its agent">
        <AgentSetUp token={null} />
      </Card>
    </>
  );
}

function Deletion({ server: { id, name } }: { server: Server }): React.JSX.Element {
  const [asked, setAsked] = useState(false);
  const navigate = useNavigate();
  const remove = useDeleteServer(id);
  return (
    <>
      <Button icon={Trash2} onClick={() => setAsked(true)}>
        Forget server
      </Button>
      <ConfirmDialog
        isOpen={asked}
        onClose={() => setAsked(false)}
        title={`Forget ${name}?`}
        confirmLabel="Forget server"
        onConfirm={async () => {
          await remove.mutateAsync();
          toast.good(`${name} was forgotten.`);
          await navigate('/servers');
        }}
      >
        Its token is refused from then on. A server that databases, backups or restores need is not forgotten.
      </ConfirmDialog>
    </>
  );
}
