import { Undo2 } from 'lucide-react';
import { useState } from 'react';
import { isUnderWay } from '../../data/backups.ts';
import { useCancelRestore, useUndoRestore, type Restore } from '../../data/restores.ts';
import { Button, Callout, Code, ConfirmDialog, RelativeTime, Stack, toast } from '../../kit/index.ts';
import { Failure } from './failure.tsx';
import { UnderWay } from './under-way.tsx';

/** How a restore goes, and at its end what the target holds and whether that can be undone. */
export function RestoreResult({ db, restore }: { db: string; restore: Restore }): React.JSX.Element {
  const cancel = useCancelRestore(db);
  const { status, error, outcome } = restore;
  if (isUnderWay(restore)) {
    return (
      <Stack gap="s">
        <UnderWay
          what="restore"
          work={restore}
          consequence="The target is then as before, and nothing stays beside it."
          onCancel={() => cancel.mutateAsync(restore.id)}
        />
        {error && <Failure error={error} settled={false} />}
      </Stack>
    );
  }
  return (
    <Stack gap="s">
      {error && <Failure error={error} settled />}
      {outcome !== null && <Callout tone={status === 'done' ? 'good' : 'neutral'}>{outcome}</Callout>}
      <Former db={db} restore={restore} />
    </Stack>
  );
}

/** The content from before a restore in place, as long as it is kept. */
function Former({ db, restore }: { db: string; restore: Restore }): React.JSX.Element | null {
  const [asks, setAsks] = useState(false);
  const undo = useUndoRestore(db);
  const { former } = restore;
  if (former === null) return null;
  const start = async (): Promise<void> => {
    await undo.mutateAsync(restore.id);
    toast.good('The undoing was asked for.');
  };
  return (
    <>
      <Callout
        tone="info"
        title="The former content is kept"
        actions={
          <Button size="s" icon={Undo2} onClick={() => setAsks(true)}>
            Undo this restore
          </Button>
        }
      >
        <Code>{former.database}</Code> on the same server holds what was there before, until{' '}
        <RelativeTime at={former.until} absolute />. Then it is dropped.
      </Callout>
      <ConfirmDialog
        isOpen={asks}
        onClose={() => setAsks(false)}
        title="Undo this restore?"
        confirmLabel="Undo restore"
        onConfirm={start}
      >
        Both contents are swapped in one transaction: the database holds its former content again, and what the restore
        brought is kept until the same time. Connections to the database are ended for that moment.
      </ConfirmDialog>
    </>
  );
}
