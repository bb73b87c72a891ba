import { Lock, LockOpen, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import { isUnderWay, useDeleteBackup, useLockBackup, type Backup } from '../../data/backups.ts';
import type { Database } from '../../data/databases.ts';
import { Checkbox, ConfirmDialog, Menu, Stack, toast } from '../../kit/index.ts';

/** What else can be done with a backup: lock it, delete it. */
export function BackupMenu({ database, backup }: { database: Database; backup: Backup }): React.JSX.Element {
  const [asks, setAsks] = useState(false);
  const [force, setForce] = useState(false);
  const remove = useDeleteBackup(database.id);
  const lock = useLockBackup(database.id);
  const navigate = useNavigate();
  const { id, locked } = backup;
  const toggle = (): void =>
    lock.mutate(
      { id, locked: !locked },
      {
        onSuccess: () =>
          toast.good(locked ? 'The backup is not locked any more.' : 'The backup is locked: nothing deletes it.'),
        onError: (error) => toast.bad(error),
      },
    );
  const confirm = async (): Promise<void> => {
    await remove.mutateAsync({ id, force });
    toast.good('The backup was deleted. It can be undeleted until that is final.');
    await navigate(`/databases/${database.id}`);
  };
  return (
    <>
      <Menu
        label="More actions"
        items={[
          { id: 'lock', label: locked ? 'Unlock' : 'Lock', icon: locked ? LockOpen : Lock, onAction: toggle },
          {
            id: 'delete',
            label: 'Delete',
            icon: Trash2,
            tone: 'danger',
            disabled: locked || isUnderWay(backup),
            onAction: () => setAsks(true),
          },
        ]}
      />
      <ConfirmDialog
        isOpen={asks}
        onClose={() => setAsks(false)}
        title="Delete this backup?"
        confirmLabel="Delete backup"
        onConfirm={confirm}
      >
        <Stack>
          <p>
            It disappears from the list at once and can be undeleted there, for a day unless the operator set another
            time. Then its objects are removed from the destination, and that is final.
          </p>
          <Checkbox
            label="Also if it is the only good backup"
            checked={force}
            onChange={setForce}
            hint="Without this, the last good backup of a database is not deleted."
          />
        </Stack>
      </ConfirmDialog>
    </>
  );
}
