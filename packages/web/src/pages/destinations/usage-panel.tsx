import { Link } from 'react-router';
import { useUsage, type Usage } from '../../data/destinations.ts';
import { typeNames } from '../../data/type-names.ts';
import {
  Bytes,
  Card,
  Code,
  countOf,
  DataTable,
  EmptyState,
  Grid,
  Inline,
  KeyValues,
  Loaded,
  RelativeTime,
  Soft,
  Stack,
  type Column,
} from '../../kit/index.ts';

type Row = Usage['databases'][number];

const columns: readonly Column<Row>[] = [
  {
    key: 'name',
    header: 'Database',
    sortBy: ({ name }) => name,
    cell: ({ id, name }) => <Link to={`/databases/${id}`}>{name}</Link>,
  },
  { key: 'type', header: 'Kind', sortBy: ({ type }) => type, cell: ({ type }) => typeNames[type] },
  {
    key: 'good',
    header: 'Good backups',
    align: 'end',
    sortBy: (row) => row.good.backups,
    cell: (row) => row.good.backups,
  },
  {
    key: 'bytes',
    header: 'Size',
    align: 'end',
    sortBy: (row) => row.good.bytes,
    cell: (row) => <Bytes value={row.good.bytes} />,
  },
  { key: 'others', header: 'Others', cell: (row) => <Others usage={row} /> },
  {
    key: 'newest',
    header: 'Newest good',
    sortBy: (row) => row.newest_at,
    cell: (row) => <RelativeTime at={row.newest_at} />,
  },
];

/** What a destination holds, as the catalogue knows it. */
export function UsagePanel({ id }: { id: number }): React.JSX.Element {
  const usage = useUsage(id);
  return (
    <Loaded query={usage}>
      {(data) => (
        <Stack>
          <Grid least="20rem">
            <Card title="Backups">
              <KeyValues
                items={[
                  ['Good', <Amount key="good" held={data.good} />],
                  ['Damaged', data.damaged.backups > 0 ? <Amount key="damaged" held={data.damaged} /> : undefined],
                  [
                    'Being deleted',
                    data.leaving.backups > 0 ? <Amount key="leaving" held={data.leaving} /> : undefined,
                  ],
                  ['Waiting or running', data.waiting],
                  ['Failed', data.failed],
                ]}
              />
            </Card>
            <Card title="Encryption">
              <Recipients usage={data} />
            </Card>
          </Grid>
          <Card title="By database" flush>
            <DataTable
              label="Databases with backups here"
              columns={columns}
              rows={data.databases}
              rowKey={(row) => row.id}
              empty={<EmptyState title="Nothing is kept here yet" />}
            />
          </Card>
        </Stack>
      )}
    </Loaded>
  );
}

function Amount({ held }: { held: Usage['good'] }): React.JSX.Element {
  return (
    <Inline>
      {countOf(held.backups, 'backup')}
      <Soft>
        <Bytes value={held.bytes} />
      </Soft>
    </Inline>
  );
}

function Others({ usage: { damaged, leaving, waiting, failed } }: { usage: Row }): React.JSX.Element {
  const parts = [
    [damaged.backups, 'damaged'],
    [leaving.backups, 'being deleted'],
    [waiting, 'waiting'],
    [failed, 'failed'],
  ].filter(([count]) => count !== 0);
  return <Soft>{parts.map((part) => part.join(' ')).join(', ') || '–'}</Soft>;
}

function Recipients({ usage: { recipients, unencrypted } }: { usage: Usage }): React.JSX.Element {
  if (recipients.length === 0 && unencrypted === 0) return <Soft>No backup is kept here yet.</Soft>;
  return (
    <Stack>
      {unencrypted > 0 && (
        <p>{countOf(unencrypted, 'backup is', 'backups are')} not encrypted: whoever reads the place reads them.</p>
      )}
      {recipients.map(({ recipient, backups }) => (
        <div key={recipient}>
          {countOf(backups, 'backup')} to <Code>{recipient}</Code>
        </div>
      ))}
    </Stack>
  );
}
