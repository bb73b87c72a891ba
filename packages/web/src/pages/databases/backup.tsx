import { ArchiveRestore } from 'lucide-react';
import { useParams } from 'react-router';
import { isUnderWay, useBackup, useCancelBackup, useVerifications, type Backup } from '../../data/backups.ts';
import { useDatabase, type Database } from '../../data/databases.ts';
import {
  Callout,
  Card,
  EmptyState,
  formatTime,
  LinkButton,
  Loaded,
  Page,
  PageHeader,
  StateBadge,
} from '../../kit/index.ts';
import './databases.css';
import { Attempts } from './attempts.tsx';
import { BackupFacts } from './backup-facts.tsx';
import { BackupFiles } from './backup-files.tsx';
import { BackupMenu } from './backup-menu.tsx';
import { Failure } from './failure.tsx';
import { ladderOf } from './figures.ts';
import { HookRuns } from './hook-runs.tsx';
import { Ladder } from './ladder.tsx';
import { UnderWay } from './under-way.tsx';
import { Verifications } from './verifications.tsx';
import { VerifyNow } from './verify-now.tsx';
import { Waiting } from './waiting.tsx';
import { crumbs, outcomeOf } from './words.ts';

export default function BackupPage(): React.JSX.Element {
  const { db = '', backup: id = '' } = useParams();
  const database = useDatabase(db);
  const backup = useBackup(id);
  return (
    <Page>
      {(!database.data || !backup.data) && <PageHeader title="Backup" crumbs={crumbs(database.data)} />}
      <Loaded query={database}>
        {(of) => <Loaded query={backup}>{(found) => <Content database={of} backup={found} />}</Loaded>}
      </Loaded>
    </Page>
  );
}

function Content({ database, backup }: { database: Database; backup: Backup }): React.JSX.Element {
  const cancel = useCancelBackup(database.id);
  const { error, warnings, attempts, status } = backup;
  const busy = isUnderWay(backup);
  return (
    <>
      <PageHeader
        title={formatTime(new Date(backup.created_at))}
        crumbs={crumbs(database)}
        badge={<StateBadge state={outcomeOf(backup)} />}
        lead={`Backup of ${database.name}`}
        actions={
          <>
            {status === 'done' && (
              <LinkButton
                tone="primary"
                icon={ArchiveRestore}
                to={`/databases/${database.id}/backups/${backup.id}/restore`}
              >
                Restore
              </LinkButton>
            )}
            <BackupMenu database={database} backup={backup} />
          </>
        }
      />
      {busy && (
        <Card title={status === 'pending' ? 'Running' : 'Waiting'}>
          <UnderWay
            what="backup"
            work={backup}
            consequence="What was stored so far is removed. The next backup begins anew."
            onCancel={() => cancel.mutateAsync(backup.id)}
          />
          <Waiting db={database.id} work={backup} destination={backup.destination_id} />
        </Card>
      )}
      {error && <Failure error={error} settled={!busy} />}
      {backup.verification.damage && (
        <Callout tone="bad" title="What is stored of it is not good any more">
          {backup.verification.damage.detail} A restore of it is refused unless you insist; take another backup now.
        </Callout>
      )}
      {warnings.length > 0 && (
        <Callout tone="warn" title="What it does not hold, or not as of one moment">
          <ul className="bulleted">
            {warnings.map((warning) => (
              <li key={warning}>{warning}</li>
            ))}
          </ul>
        </Callout>
      )}
      {status === 'done' && <Proven db={database.id} backup={backup} />}
      <Card title="About this backup">
        <BackupFacts backup={backup} />
      </Card>
      {status === 'done' && <BackupFiles db={database.id} backup={backup} />}
      <Card title="Attempts" flush>
        {attempts.length === 0 ? (
          <EmptyState title="No attempt yet">It waits to begin.</EmptyState>
        ) : (
          <Attempts attempts={attempts} />
        )}
      </Card>
      <HookRuns db={database.id} id={backup.id} />
    </>
  );
}

/** What is proven of it, and every verification. */
function Proven({ db, backup }: { db: string; backup: Backup }): React.JSX.Element {
  const verifications = useVerifications(db, backup.id);
  return (
    <>
      <Card
        title="Verified"
        actions={<VerifyNow db={db} backup={backup} busy={verifications.data?.some(isUnderWay) ?? false} />}
      >
        <Ladder rungs={ladderOf(backup, verifications.data ?? [])} />
      </Card>
      {verifications.data && verifications.data.length > 0 && (
        <Card title="Verifications" flush>
          <Verifications db={db} verifications={verifications.data} empty={null} />
        </Card>
      )}
    </>
  );
}
