import { isUnderWay } from '../../data/backups.ts';
import { useCancelRestore, useRestores, type Restore } from '../../data/restores.ts';
import { Callout, Stack } from '../../kit/index.ts';
import { Failure } from './failure.tsx';
import { Former } from './former.tsx';
import { UnderWay } from './under-way.tsx';
import { Waiting } from './waiting.tsx';
import { undoingOf } from './undone.ts';

/** How a restore goes, and at its end what the target holds and whether that can be undone. */
export function RestoreResult({ db, restore }: { db: string; restore: Restore }): React.JSX.Element {
  const cancel = useCancelRestore(db);
  if (!isUnderWay(restore)) return <Ended db={db} restore={restore} />;
  return (
    <Stack gap="s">
      <UnderWay
        what="restore"
        work={restore}
        consequence="The target is then as before, and nothing stays beside it."
        onCancel={() => cancel.mutateAsync(restore.id)}
      />
      <Waiting
        db={restore.database_id}
        work={restore}
        destination={null}
        isBehind={restore.after_restore_id !== null && restore.attempts.length === 0}
      />
      {restore.error && <Failure error={restore.error} settled={false} />}
    </Stack>
  );
}

/** What became of it: first what is so now, then what was before it was undone. */
function Ended({ db, restore }: { db: string; restore: Restore }): React.JSX.Element {
  const { data: restores = [] } = useRestores(db);
  const { newest, isUndone } = undoingOf(restores, restore);
  const isSwapping = newest !== undefined && isUnderWay(newest);
  const { status, error, outcome } = restore;
  return (
    <Stack gap="s">
      {isSwapping && <Callout title="Both contents are being swapped" announce />}
      {newest && !isSwapping && <Swapped by={newest} isUndone={isUndone} />}
      {error && <Failure error={error} settled />}
      {outcome !== null && (
        <Callout
          tone={status === 'done' && !isUndone ? 'good' : 'neutral'}
          {...(isUndone && { title: 'Before it was undone' })}
        >
          {outcome}
        </Callout>
      )}
      {!isSwapping && <Former db={db} restore={restore} isUndone={isUndone} />}
    </Stack>
  );
}

/** What came of the newest swap. @param isUndone whether the database holds its former content */
function Swapped({ by, isUndone }: { by: Restore; isUndone: boolean }): React.JSX.Element {
  if (by.error === null) {
    return (
      <Callout tone="good" title={isUndone ? 'This restore was undone' : 'What this restore brought is back'} announce>
        {by.outcome}
      </Callout>
    );
  }
  return (
    <div role="alert">
      <Stack gap="s">
        <p>{isUndone ? 'What this restore brought could not be brought back.' : 'This restore could not be undone.'}</p>
        <Failure error={by.error} settled />
      </Stack>
    </div>
  );
}
