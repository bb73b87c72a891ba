import { Link } from 'react-router';
import { isUnderWay } from '../../data/backups.ts';
import { useDatabases, type Database } from '../../data/databases.ts';
import type { Restore } from '../../data/restores.ts';
import { useRunRestores } from '../../data/run-restores.ts';
import {
  Callout,
  Card,
  DataTable,
  Duration,
  EmptyState,
  Loaded,
  Stack,
  StateBadge,
  type Column,
} from '../../kit/index.ts';
import { RestoreResult } from '../databases/restore-result.tsx';
import { outcomeOf, restoreTarget, secondsOf } from '../databases/words.ts';

const columnsOf = (databases: readonly Database[]): readonly Column<Restore>[] => [
  {
    key: 'database',
    header: 'Database',
    cell: ({ database_id: id }) => (
      <Link to={`/databases/${id}?tab=restores`}>{databases.find((one) => one.id === id)?.name ?? id}</Link>
    ),
  },
  { key: 'into', header: 'Into', cell: restoreTarget },
  { key: 'state', header: 'Outcome', cell: (restore) => <StateBadge state={outcomeOf(restore)} /> },
  {
    key: 'took',
    header: 'Took',
    align: 'end',
    cell: (restore) => <Duration seconds={secondsOf(restore, restore.ended_at)} />,
  },
];

const resultOf = (restore: Restore) => <RestoreResult db={restore.database_id} restore={restore} />;

/** How the restores go that were asked for together. @param group what they have in common */
export function RunRestores({ policy, run, group }: { policy: string; run: string; group: string }): React.JSX.Element {
  const restores = useRunRestores(policy, run);
  const { data: databases = [] } = useDatabases();
  return (
    <Loaded query={restores}>
      {(all) => {
        const ours = all.filter(({ group_id: of }) => of === group).toReversed();
        return (
          <Stack>
            <Sum restores={ours} />
            <Card title="Restores" flush>
              <DataTable
                label="Restores of the run"
                columns={columnsOf(databases)}
                rows={ours}
                rowKey={({ id }) => id}
                details={resultOf}
                empty={<EmptyState title="These restores are not known any more" />}
              />
            </Card>
          </Stack>
        );
      }}
    </Loaded>
  );
}

function Sum({ restores }: { restores: readonly Restore[] }): React.JSX.Element | null {
  const [total, busy] = [restores.length, restores.filter(isUnderWay).length];
  const done = restores.filter(({ status }) => status === 'done').length;
  if (total === 0) return null;
  if (busy > 0) return <Callout title={`${done} of ${total} done`}>They come back one after the other.</Callout>;
  if (done === total)
    return <Callout tone="good" title={total === 1 ? 'It is done' : `All ${total} are done`} announce />;
  return (
    <Callout tone="bad" title={`${total - done} of ${total} failed`} announce>
      Each of the others is whole. What failed has changed nothing.
    </Callout>
  );
}
