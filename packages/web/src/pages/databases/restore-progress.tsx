import { isUnderWay } from '../../data/backups.ts';
import { useRestore, useRestores } from '../../data/restores.ts';
import { Card, Duration, KeyValues, LinkButton, Loaded, Stack, StateBadge } from '../../kit/index.ts';
import { Attempts } from './attempts.tsx';
import { RestoreResult } from './restore-result.tsx';
import { undoingOf } from './undone.ts';
import { outcomeOf, restoreTarget, secondsOf } from './words.ts';

/** How the restore goes, and its report at the end. */
export function RestoreProgress({ db, rid }: { db: string; rid: string }): React.JSX.Element {
  const restore = useRestore(db, rid);
  const { data: restores = [] } = useRestores(db);
  return (
    <Loaded query={restore}>
      {(found) => (
        <Stack>
          <KeyValues
            items={[
              [
                'Restore',
                <StateBadge key="state" state={undoingOf(restores, found).isUndone ? 'undone' : outcomeOf(found)} />,
              ],
              ['Into', restoreTarget(found)],
              [
                'Took',
                isUnderWay(found) ? undefined : <Duration key="took" seconds={secondsOf(found, found.ended_at)} />,
              ],
            ]}
          />
          <RestoreResult db={db} restore={found} />
          {found.attempts.length > 1 && (
            <Card title="Attempts" flush>
              <Attempts attempts={found.attempts} />
            </Card>
          )}
          <div>
            <LinkButton to={`/databases/${db}?tab=restores`}>All restores</LinkButton>
          </div>
        </Stack>
      )}
    </Loaded>
  );
}
