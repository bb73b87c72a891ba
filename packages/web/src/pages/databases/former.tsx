import { Undo2 } from 'lucide-react';
import { useState } from 'react';
import { useUndoRestore, type Restore } from '../../data/restores.ts';
import { Button, Callout, Code, ConfirmDialog, RelativeTime, toast } from '../../kit/index.ts';

export interface FormerProps {
  db: string;
  restore: Restore;
  /** Whether the database holds its former content again. */
  isUndone: boolean;
}

/** The content that a restore in place, or its undoing, took out of use, as long as it is kept. */
export function Former({ db, restore: { id, former }, isUndone }: FormerProps): React.JSX.Element | null {
  const [asks, setAsks] = useState(false);
  const undo = useUndoRestore(db);
  if (former === null) return null;
  const start = async (): Promise<void> => {
    await undo.mutateAsync(id);
    toast.good('The swap was asked for: what comes of it is said here.');
  };
  return (
    <>
      <Callout
        tone="info"
        title={isUndone ? 'What this restore brought is kept' : 'The former content is kept'}
        actions={
          <Button size="s" icon={Undo2} onClick={() => setAsks(true)}>
            {isUndone ? 'Bring it back' : 'Undo this restore'}
          </Button>
        }
      >
        <Code>{former.database}</Code> on the same server holds {isUndone ? 'it' : 'what was there before'}, until{' '}
        <RelativeTime at={former.until} absolute />. Then it is dropped.
      </Callout>
      <ConfirmDialog
        isOpen={asks}
        onClose={() => setAsks(false)}
        title={isUndone ? 'Bring back what this restore brought?' : 'Undo this restore?'}
        confirmLabel={isUndone ? 'Bring it back' : 'Undo restore'}
        onConfirm={start}
      >
        Both contents are swapped in one transaction, and the one that the database holds now is kept until the same
        time. Connections to the database are ended for that moment.
      </ConfirmDialog>
    </>
  );
}
