import { ArchiveRestore } from 'lucide-react';
import { Link } from 'react-router';
import { isUnderWay } from '../../data/backups.ts';
import { useRestores, type Restore } from '../../data/restores.ts';
import {
  Card,
  DataTable,
  Duration,
  EmptyState,
  formatTime,
  Loaded,
  RelativeTime,
  StateBadge,
  type Column,
} from '../../kit/index.ts';
import { undoingOf } from './undone.ts';
import { madeAt, outcomeOf, restoreTarget, secondsOf } from './words.ts';
import { RestoreResult } from './restore-result.tsx';

const columns = (db: string, all: readonly Restore[]): readonly Column<Restore>[] => [
  { key: 'time', header: 'Asked for', cell: ({ created_at: at }) => <RelativeTime at={at} absolute /> },
  {
    key: 'backup',
    header: 'Of the backup',
    cell: ({ source_backup_id: id }) => <Link to={`/databases/${db}/backups/${id}`}>{formatTime(madeAt(id))}</Link>,
  },
  { key: 'target', header: 'Into', cell: (restore) => restoreTarget(restore) },
  {
    key: 'outcome',
    header: 'Outcome',
    cell: (restore) => <StateBadge state={undoingOf(all, restore).isUndone ? 'undone' : outcomeOf(restore)} />,
  },
  {
    key: 'took',
    header: 'Took',
    align: 'end',
    cell: (restore) => <Duration seconds={secondsOf(restore, restore.ended_at)} />,
  },
];

const resultOf = (db: string) => (restore: Restore) =>
  (isUnderWay(restore) || restore.error || restore.outcome) && <RestoreResult db={db} restore={restore} />;

/** All restores of its backups and onto it, each with what it left and whether it can be undone. */
export function RestoresTab({ db }: { db: string }): React.JSX.Element {
  const restores = useRestores(db);
  return (
    <Loaded query={restores}>
      {(list) => (
        <Card flush>
          <DataTable
            label="Restores"
            columns={columns(db, list)}
            rows={list}
            rowKey={({ id }) => id}
            details={resultOf(db)}
            empty={
              <EmptyState title="Nothing was restored yet" icon={ArchiveRestore}>
                Open a backup and press “Restore”. A restore beside the database, under a new name, changes nothing in
                use.
              </EmptyState>
            }
          />
        </Card>
      )}
    </Loaded>
  );
}
