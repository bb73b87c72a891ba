import { Trash2 } from 'lucide-react';
import { useState } from 'react';
import { Link, useNavigate, useParams } from 'react-router';
import { useDatabase, useRemoveDatabase, type Database } from '../../data/databases.ts';
import { Button, Callout, Card, ConfirmDialog, Loaded, Page, PageHeader, Soft, Stack, toast } from '../../kit/index.ts';
import { ConnectionCard } from './settings/connection-card.tsx';
import { HooksCard } from './settings/hooks-card.tsx';
import { ObjectivesCard } from './settings/objectives-card.tsx';
import { PartsCard } from './settings/parts-card.tsx';
import { crumbs } from './words.ts';

export default function DatabaseSettingsPage(): React.JSX.Element {
  const { db = '' } = useParams();
  const database = useDatabase(db);
  return (
    <Page>
      <PageHeader title="Settings" crumbs={crumbs(database.data)} />
      <Loaded query={database}>
        {(found) => (
          // What is typed belongs to the database: another one begins anew.
          <Content key={found.id} database={found} />
        )}
      </Loaded>
    </Page>
  );
}

function Content({ database }: { database: Database }): React.JSX.Element {
  const { policy_id: policy, vanished_at: vanished } = database;
  return (
    <>
      {policy !== null && (
        <Callout tone={vanished === null ? 'info' : 'warn'}>
          {vanished !== null && 'Its server lists it no more. '}
          <Link to={`/policies/${policy}`}>The policy of its server</Link> says how it is reached, what is backed up and
          where to: change that there.
        </Callout>
      )}
      <ConnectionCard database={database} />
      <ObjectivesCard database={database} />
      {database.type === 'postgresql' && database.server_id === null && <PartsCard database={database} />}
      {database.server_id === null && <HooksCard database={database} />}
      <RemoveCard database={database} />
    </>
  );
}

function RemoveCard({ database: { id, name } }: { database: Database }): React.JSX.Element {
  const [asks, setAsks] = useState(false);
  const remove = useRemoveDatabase(id);
  const navigate = useNavigate();
  const confirm = async (): Promise<void> => {
    await remove.mutateAsync();
    toast.good(`${name} is not registered any more.`);
    await navigate('/databases');
  };
  return (
    <Card title="Remove from Holdfast">
      <Stack>
        <Soft>
          Holdfast forgets how to reach this database, with its schedules. The database itself is not touched. It goes
          only when it has no backups any more: delete these first, so that nothing is lost by mistake.
        </Soft>
        <div>
          <Button tone="danger" icon={Trash2} onClick={() => setAsks(true)}>
            Remove {name}
          </Button>
        </div>
      </Stack>
      <ConfirmDialog
        isOpen={asks}
        onClose={() => setAsks(false)}
        title={`Remove ${name}?`}
        typed={name}
        confirmLabel="Remove database"
        onConfirm={confirm}
      >
        Its registration, its schedules and its hooks are gone at once. This cannot be undone.
      </ConfirmDialog>
    </Card>
  );
}
