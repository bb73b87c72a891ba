import { GitCompareArrows } from 'lucide-react';
import type { ReactNode } from 'react';
import { useReconcile, useReconciliation, type Reconciliation } from '../../data/destinations.ts';
import {
  Badge,
  Bytes,
  Card,
  Code,
  countOf,
  DataTable,
  EmptyState,
  Loaded,
  RelativeTime,
  Soft,
  Stack,
  StateBadge,
  type Column,
} from '../../kit/index.ts';
import { WorkCard } from './work-card.tsx';

type Orphan = Reconciliation['orphans'][number];

const columns: readonly Column<Orphan>[] = [
  { key: 'key', header: 'Key', sortBy: ({ key }) => key, cell: ({ key }) => <Code>{key}</Code> },
  { key: 'kind', header: 'Kind', cell: ({ kind }) => (kind === 'upload' ? 'Unfinished upload' : 'Object') },
  { key: 'size', header: 'Size', align: 'end', sortBy: ({ size }) => size, cell: ({ size }) => <Bytes value={size} /> },
  {
    key: 'fate',
    header: 'What becomes of it',
    cell: (row) =>
      row.removed_at === null ? (
        <Soft>{row.known ? 'Left by Holdfast: removed after a while' : 'Not ours: never touched'}</Soft>
      ) : (
        <StateBadge state="deleted" />
      ),
  },
  { key: 'seen', header: 'Last seen', cell: (row) => <RelativeTime at={row.last_seen_at} /> },
];

/** The catalogue beside what the place really holds. */
export function ReconciliationPanel({ id }: { id: number }): React.JSX.Element {
  const reconciliation = useReconciliation(id);
  const reconcile = useReconcile(id);
  return (
    <Loaded query={reconciliation}>
      {(found) => (
        <Stack>
          <WorkCard
            title="Comparison with the catalogue"
            about="Once a day, what the place holds is compared with the backups that are in the catalogue."
            work={found}
            failedTitle="The last comparison failed"
            start={reconcile}
            startLabel="Compare now"
            icon={GitCompareArrows}
            facts={[
              ['Last to its end', <RelativeTime key="last" at={found.succeeded_at} />],
              ['Next', <RelativeTime key="next" at={found.due_at} />],
              ...(found.report ? reported(found.report) : []),
            ]}
          />
          <Card title="What no backup owns" flush>
            <DataTable
              label="Objects and uploads that no backup owns"
              columns={columns}
              rows={found.orphans}
              rowKey={({ key, upload_id: upload }) => `${key} ${upload}`}
              empty={<EmptyState title="Everything there belongs to a backup" />}
            />
          </Card>
        </Stack>
      )}
    </Loaded>
  );
}

const reported = (report: NonNullable<Reconciliation['report']>): [string, ReactNode][] => [
  ['Looked at', `${countOf(report.backups, 'backup')}, ${countOf(report.objects, 'object')}`],
  ['Held', <Bytes key="held" value={report.bytes} />],
  ['Missing', <Finding key="missing" count={report.missing} />],
  ['Of another size', <Finding key="changed" count={report.changed} />],
  ['Whole again', report.recovered],
  ['Unfinished uploads', report.uploads],
  ['Without an owner', `${report.orphans}, of which Holdfast left ${report.known}`],
  ['Removed', report.removed],
];

const Finding = ({ count }: { count: number }): React.JSX.Element =>
  count === 0 ? <>0</> : <Badge tone="bad">{countOf(count, 'backup')}</Badge>;
