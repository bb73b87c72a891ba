import { Undo2 } from 'lucide-react';
import { useState } from 'react';
import { isUnderWay } from '../../data/backups.ts';
import { useCancelRestore, useRestores, useUndoRestore, type Restore } from '../../data/restores.ts';
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

/** The content from before a restore in place, as long as it is kept, and what came of swapping it back. */
function Former({ db, restore }: { db: string; restore: Restore }): React.JSX.Element | null {
  const [asks, setAsks] = useState(false);
  const undo = useUndoRestore(db);
  const { data: restores = [] } = useRestores(db);
  const { former } = restore;
  /** Each is a restore of its own, the newest first; every other one brings back what the restore had brought. */
  const undos = restores.filter(({ undo_of: undone }) => undone === restore.id);
  const isBack = undos.filter(({ status }) => status === 'done').length % 2 === 1;
  const [newest] = undos;
  if (newest && isUnderWay(newest)) return <Callout title="Both contents are being swapped" announce />;
  const start = async (): Promise<void> => {
    await undo.mutateAsync(restore.id);
    toast.good('The swap was asked for: what comes of it is said here.');
  };
  return (
    <>
      {newest && <Undone by={newest} isBack={isBack} />}
      {former !== null && (
        <Callout
          tone="info"
          title={isBack ? 'What this restore brought is kept' : 'The former content is kept'}
          actions={
            <Button size="s" icon={Undo2} onClick={() => setAsks(true)}>
              {isBack ? 'Bring it back' : 'Undo this restore'}
            </Button>
          }
        >
          <Code>{former.database}</Code> on the same server holds {isBack ? 'it' : 'what was there before'}, until{' '}
          <RelativeTime at={former.until} absolute />. Then it is dropped.
        </Callout>
      )}
      <ConfirmDialog
        isOpen={asks}
        onClose={() => setAsks(false)}
        title={isBack ? 'Bring back what this restore brought?' : 'Undo this restore?'}
        confirmLabel={isBack ? 'Bring it back' : 'Undo restore'}
        onConfirm={start}
      >
        Both contents are swapped in one transaction, and the one that the database holds now is kept until the same
        time. Connections to the database are ended for that moment.
      </ConfirmDialog>
    </>
  );
}

/** What came of the newest swap. @param isBack whether the database holds its former content */
function Undone({ by, isBack }: { by: Restore; isBack: boolean }): React.JSX.Element {
  if (by.error === null) {
    return (
      <Callout tone="good" title={isBack ? 'This restore was undone' : 'What this restore brought is back'} announce>
        {by.outcome}
      </Callout>
    );
  }
  return (
    <div role="alert">
      <Stack gap="s">
        <p>{isBack ? 'What this restore brought could not be brought back.' : 'This restore could not be undone.'}</p>
        <Failure error={by.error} settled />
      </Stack>
    </div>
  );
}
