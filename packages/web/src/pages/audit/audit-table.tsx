import type { AuditEntry } from '../../data/audit.ts';
import { Code, DataTable, RelativeTime, Soft, Stack, StateBadge, type Column } from '../../kit/index.ts';
import { detailsInWords } from './details.ts';

const columns: readonly Column<AuditEntry>[] = [
  { key: 'at', header: 'When', cell: ({ at }) => <RelativeTime at={at} absolute /> },
  {
    key: 'who',
    header: 'Who',
    cell: ({ actor, from }) => (
      <>
        {actor.name} {actor.type === 'system' && <Soft small>(system)</Soft>}
        {from !== null && (
          <>
            <br />
            <Soft small>{from}</Soft>
          </>
        )}
      </>
    ),
  },
  { key: 'action', header: 'Action', cell: (entry) => <Action entry={entry} /> },
  { key: 'object', header: 'Object', cell: (entry) => <AuditObject entry={entry} /> },
  { key: 'details', header: 'Details', wide: true, cell: (entry) => <Details entry={entry} /> },
];

function Action({ entry: { action, outcome } }: { entry: AuditEntry }): React.JSX.Element {
  return (
    <Stack gap="s">
      <span>
        <Code>{action}</Code>
      </span>
      {outcome !== 'done' && (
        <span>
          <StateBadge state={outcome} />
        </span>
      )}
    </Stack>
  );
}

function AuditObject({ entry: { object } }: { entry: AuditEntry }): React.JSX.Element {
  return (
    <>
      {object.type} {object.name !== null && <strong>{object.name}</strong>}
      {object.id !== null && (
        <>
          <br />
          <Soft small>{object.id}</Soft>
        </>
      )}
    </>
  );
}

function Details({ entry: { details, request_id: request } }: { entry: AuditEntry }): React.JSX.Element {
  return (
    <>
      {detailsInWords(details).map((line) => (
        <div key={line}>{line}</div>
      ))}
      {request !== null && <Soft small>request {request}</Soft>}
    </>
  );
}

export function AuditTable({ entries }: { entries: readonly AuditEntry[] }): React.JSX.Element {
  return <DataTable label="Audit log" columns={columns} rows={entries} rowKey={({ id }) => id} />;
}
