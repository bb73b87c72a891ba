import { Undo2 } from 'lucide-react';
import { useDeletions, useUndelete, type Deletion } from '../../data/backups.ts';
import {
  Button,
  Bytes,
  Card,
  Code,
  DataTable,
  RelativeTime,
  Soft,
  StateBadge,
  toast,
  type Column,
} from '../../kit/index.ts';

const words: Record<Deletion['state'], { state: string; word: string }> = {
  marked: { state: 'deleting', word: 'To be deleted' },
  removing: { state: 'deleting', word: 'Being deleted' },
  failed: { state: 'failed', word: 'Store refuses' },
  deleted: { state: 'deleted', word: 'Deleted' },
};

const columns = (db: string): readonly Column<Deletion>[] => [
  { key: 'backup', header: 'Backup', cell: ({ created_at: at }) => <RelativeTime at={at} absolute /> },
  { key: 'state', header: 'State', cell: ({ state }) => <StateBadge {...words[state]} /> },
  { key: 'size', header: 'Size', align: 'end', cell: ({ size }) => <Bytes value={size} /> },
  {
    key: 'final',
    header: 'Final',
    cell: ({ begun_at: begun, due_at: due, deleted_at: deleted }) => <RelativeTime at={deleted ?? begun ?? due} />,
  },
  { key: 'why', header: 'Why', cell: ({ reason }) => <Soft small>{reason ?? 'Somebody asked for it.'}</Soft> },
  { key: 'undo', header: '', align: 'end', cell: (deletion) => <Undelete db={db} deletion={deletion} /> },
];

function Undelete({ db, deletion }: { db: string; deletion: Deletion }): React.JSX.Element | null {
  const undelete = useUndelete(db);
  if (deletion.begun_at !== null || deletion.state === 'deleted') return null;
  const take = (): void =>
    undelete.mutate(deletion.id, {
      onSuccess: () => toast.good('The backup is back.'),
      onError: (error) => toast.bad(error),
    });
  return (
    <Button size="s" icon={Undo2} busy={undelete.isPending} label={`Undelete ${deletion.name}`} onClick={take}>
      Undelete
    </Button>
  );
}

const refusalOf = ({ error, state }: Deletion) =>
  state === 'failed' &&
  error && (
    <Soft small>
      <Code>{error.code}</Code> {error.message}
    </Soft>
  );

/** Backups that are being deleted, and until when that can be taken back; nothing where there are none. */
export function Deletions({ db }: { db: string }): React.JSX.Element | null {
  const { data: deletions = [] } = useDeletions(db);
  if (deletions.length === 0) return null;
  return (
    <Card title="Deleted backups" flush>
      <DataTable
        label="Deleted backups"
        columns={columns(db)}
        rows={deletions}
        rowKey={({ id }) => id}
        details={refusalOf}
      />
    </Card>
  );
}
