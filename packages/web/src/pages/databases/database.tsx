import { ArchiveRestore, DatabaseBackup, Settings } from 'lucide-react';
import { useParams } from 'react-router';
import { useBackUp, useBackups } from '../../data/backups.ts';
import { useDatabase, type Database } from '../../data/databases.ts';
import { useProtection } from '../../data/protection.ts';
import { typeNames } from '../../data/type-names.ts';
import { Button, Card, LinkButton, Loaded, Page, PageHeader, StateBadge, Tabs, toast } from '../../kit/index.ts';
import { BackupsTab } from './backups-tab.tsx';
import { ProtectionCard } from './protection-card.tsx';
import { RestoresTab } from './restores-tab.tsx';
import { RetentionTab } from './retention-tab.tsx';
import { SchedulesTab } from './schedules-tab.tsx';
import { TrendsTab } from './trends-tab.tsx';
import { VerificationTab } from './verification-tab.tsx';
import { addressOf, crumbs } from './words.ts';

export default function DatabasePage(): React.JSX.Element {
  const { db = '' } = useParams();
  const database = useDatabase(db);
  return (
    <Page>
      {database.data === undefined && <PageHeader title="Database" crumbs={crumbs()} />}
      <Loaded query={database}>{(found) => <Content database={found} />}</Loaded>
    </Page>
  );
}

function Content({ database }: { database: Database }): React.JSX.Element {
  const { id, name, type } = database;
  const protection = useProtection(id);
  return (
    <>
      <PageHeader
        title={name}
        crumbs={crumbs()}
        badge={protection.data && <StateBadge state={protection.data.state} />}
        lead={[typeNames[type], addressOf(database)].filter((part) => part !== null).join(' · ')}
        actions={<Actions database={database} />}
      />
      <Card title="Protection">
        <Loaded query={protection}>{(found) => <ProtectionCard protection={found} />}</Loaded>
      </Card>
      <Tabs
        label={`What there is of ${name}`}
        tabs={[
          { id: 'backups', label: 'Backups', content: <BackupsTab db={id} /> },
          { id: 'trends', label: 'Trends', content: <TrendsTab db={id} /> },
          { id: 'schedules', label: 'Schedules', content: <SchedulesTab database={database} /> },
          { id: 'retention', label: 'Retention', content: <RetentionTab db={id} /> },
          { id: 'verification', label: 'Verification', content: <VerificationTab db={id} /> },
          { id: 'restores', label: 'Restores', content: <RestoresTab db={id} /> },
        ]}
      />
    </>
  );
}

function Actions({ database: { id, name } }: { database: Database }): React.JSX.Element {
  const backUp = useBackUp();
  const { data } = useBackups(id);
  const newest = data?.pages.flat().find(({ status, verification }) => status === 'done' && !verification.damage);
  const start = (): void =>
    backUp.mutate(id, {
      onSuccess: () => toast.good(`A backup of ${name} was asked for.`),
      onError: (error) => toast.bad(error),
    });
  return (
    <>
      <Button tone="primary" icon={DatabaseBackup} busy={backUp.isPending} onClick={start}>
        Back up now
      </Button>
      {newest && (
        <LinkButton icon={ArchiveRestore} to={`/databases/${id}/backups/${newest.id}/restore`}>
          Restore newest
        </LinkButton>
      )}
      <LinkButton icon={Settings} to={`/databases/${id}/settings`}>
        Settings
      </LinkButton>
    </>
  );
}
