import { Download } from 'lucide-react';
import { useImport, useStartImport, type Import } from '../../data/destinations.ts';
import { Card, Code, DataTable, Loaded, RelativeTime, Stack, type Column } from '../../kit/index.ts';
import { WorkCard } from './work-card.tsx';

type Report = NonNullable<Import['report']>;
type Named = Report['refused'][number];

const columns: readonly Column<Named>[] = [
  { key: 'key', header: 'Key', cell: ({ key }) => <Code>{key}</Code> },
  { key: 'reason', header: 'Why', cell: ({ reason }) => reason },
];

/** Reading the backups that the place holds into the catalogue: how a lost installation comes back. */
export function ImportPanel({ id }: { id: number }): React.JSX.Element {
  const found = useImport(id);
  const start = useStartImport(id);
  return (
    <Loaded query={found}>
      {(data) => (
        <Stack>
          <WorkCard
            title="Import of backups"
            about="Every backup that the place holds comes into the catalogue; what is known already stays as it is. This brings back a lost installation, and may be repeated at any time. Databases come without a connection."
            work={data}
            failedTitle="The last import failed"
            start={start}
            startLabel="Import now"
            icon={Download}
            facts={[
              ['Ended', <RelativeTime key="ended" at={data.ended_at} />],
              ...(data.report ? reported(data.report) : []),
            ]}
          />
          {data.report && <Lists report={data.report} />}
        </Stack>
      )}
    </Loaded>
  );
}

const reported = (report: Report): [string, number][] => [
  ['Manifests there', report.manifests],
  ['Imported', report.imported],
  ['Known before', report.known],
  ['Databases added', report.databases],
  ['Damaged', report.damaged_count],
  ['Refused', report.refused_count],
];

function Lists({ report }: { report: Report }): React.JSX.Element {
  const lists = [
    ['Damaged backups', report.damaged],
    ['Refused manifests', report.refused],
  ] as const;
  return (
    <>
      {lists.map(
        ([title, rows]) =>
          rows.length > 0 && (
            <Card key={title} title={title} flush>
              <DataTable label={title} columns={columns} rows={rows} rowKey={({ key }) => key} />
            </Card>
          ),
      )}
    </>
  );
}
