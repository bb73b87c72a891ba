import { DatabaseBackup, TriangleAlert } from 'lucide-react';
import { useState } from 'react';
import { Link } from 'react-router';
import { isUnderWay, useBackups, useCancelBackup, type Backup } from '../../data/backups.ts';
import {
  Badge,
  Bytes,
  Card,
  DataTable,
  Duration,
  EmptyState,
  ErrorNotice,
  Pagination,
  RelativeTime,
  Soft,
  Stack,
  StateBadge,
  type Column,
} from '../../kit/index.ts';
import { Attempts } from './attempts.tsx';
import './databases.css';
import { Deletions } from './deletions.tsx';
import { Failure } from './failure.tsx';
import { Timeline } from './timeline.tsx';
import { UnderWay } from './under-way.tsx';
import { Waiting } from './waiting.tsx';
import { outcomeOf, secondsOf } from './words.ts';

const columns: readonly Column<Backup>[] = [
  {
    key: 'time',
    header: 'Backup',
    cell: ({ id, database_id: db, created_at: at }) => (
      <Link to={`/databases/${db}/backups/${id}`}>
        <RelativeTime at={at} absolute />
      </Link>
    ),
  },
  { key: 'outcome', header: 'Outcome', cell: (backup) => <Outcome backup={backup} /> },
  {
    key: 'level',
    header: 'Verified',
    cell: ({ verification: { level } }) => (level === null ? '–' : <StateBadge state={level} />),
  },
  {
    key: 'size',
    header: 'Size',
    align: 'end',
    cell: ({ size, status }) => <Bytes value={status === 'done' ? size : null} />,
  },
  {
    key: 'took',
    header: 'Took',
    align: 'end',
    cell: (backup) => <Duration seconds={secondsOf(backup, backup.completed_at)} />,
  },
  { key: 'method', header: 'By', cell: ({ method }) => (method === 'manual' ? 'Request' : 'Schedule') },
];

function Outcome({ backup }: { backup: Backup }): React.JSX.Element {
  return (
    <span className="timeline__marks">
      <StateBadge state={outcomeOf(backup)} />
      {backup.locked && <Badge>Locked</Badge>}
      {backup.warnings.length > 0 && (
        <Badge tone="warn" icon={TriangleAlert}>
          {backup.warnings.length === 1 ? 'Warning' : `${backup.warnings.length} warnings`}
        </Badge>
      )}
    </span>
  );
}

/** What is wrong with a backup, at its own row. */
function Details({ backup }: { backup: Backup }): React.JSX.Element {
  const { error, attempts, warnings } = backup;
  const failed = hasFailed(backup);
  return (
    <Stack gap="s">
      {failed && error && <Failure error={error} settled={!isUnderWay(backup)} />}
      {failed && attempts.length > 1 && (
        <details>
          <summary>{attempts.length} attempts</summary>
          <Attempts attempts={attempts} />
        </details>
      )}
      {warnings.map((warning) => (
        <Soft small key={warning}>
          {warning}
        </Soft>
      ))}
    </Stack>
  );
}

const hasFailed = ({ error }: Backup): boolean => error !== null && error.code !== 'cancelled';
const detailsOf = (backup: Backup) => (hasFailed(backup) || backup.warnings.length > 0) && <Details backup={backup} />;

/** Those that wait or run, then all by day and as a table, then those that were deleted. */
export function BackupsTab({ db }: { db: string }): React.JSX.Element {
  const backups = useBackups(db);
  const [page, setPage] = useState(0);
  const cancel = useCancelBackup(db);
  if (backups.error && !backups.data) {
    return <ErrorNotice error={backups.error} onRetry={() => void backups.refetch()} />;
  }
  const pages = backups.data?.pages ?? [];
  const rows = backups.data ? (pages[page] ?? []) : undefined;
  const running = pages.flat().filter(isUnderWay);
  const next = async (): Promise<void> => {
    if (page + 1 >= pages.length) await backups.fetchNextPage();
    setPage(page + 1);
  };
  const hasNext = page + 1 < pages.length || backups.hasNextPage;
  return (
    <Stack gap="l">
      {running.map((backup) => (
        <Card key={backup.id} title={backup.status === 'pending' ? 'Backup running' : 'Backup waiting'}>
          <UnderWay
            what="backup"
            work={backup}
            consequence="What was stored so far is removed. The next backup begins anew."
            onCancel={() => cancel.mutateAsync(backup.id)}
          />
          <Waiting db={db} work={backup} destination={backup.destination_id} />
          {backup.error && <Failure error={backup.error} settled={false} />}
        </Card>
      ))}
      {rows && rows.length > 0 && (
        <Card title="By day">
          <Timeline backups={rows} />
        </Card>
      )}
      <Card title="All backups" flush>
        <DataTable
          label="Backups"
          columns={columns}
          rows={rows}
          rowKey={({ id }) => id}
          details={detailsOf}
          empty={
            <EmptyState title="No backups yet" icon={DatabaseBackup}>
              Press “Back up now”, or add a schedule.
            </EmptyState>
          }
        />
        {(page > 0 || hasNext) && (
          <Pagination
            label="Backups"
            text={`Page ${page + 1}`}
            onPrevious={page > 0 ? () => setPage(page - 1) : null}
            onNext={hasNext ? () => void next() : null}
          />
        )}
      </Card>
      <Deletions db={db} />
    </Stack>
  );
}
