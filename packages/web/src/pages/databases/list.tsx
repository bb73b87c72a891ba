import { DatabaseBackup, Plus } from 'lucide-react';
import { useState } from 'react';
import { Link } from 'react-router';
import { useBackUp } from '../../data/backups.ts';
import { useDatabases, type Database } from '../../data/databases.ts';
import { useProtectionOverview, type DatabaseProtection } from '../../data/protection.ts';
import { typeNames } from '../../data/type-names.ts';
import {
  Button,
  Card,
  countOf,
  DataTable,
  EmptyState,
  ErrorNotice,
  FormRow,
  LinkButton,
  lookOf,
  Page,
  PageHeader,
  RelativeTime,
  SelectField,
  Soft,
  Stack,
  StateBadge,
  TextField,
  toast,
  type Column,
} from '../../kit/index.ts';

interface Row {
  database: Database;
  protection: DatabaseProtection | undefined;
}

const states = ['protected', 'at_risk', 'unprotected', 'unknown'] as const;
/** Worst first. */
const rank = ['unprotected', 'at_risk', 'unknown', 'protected'];

const columns: readonly Column<Row>[] = [
  {
    key: 'name',
    header: 'Database',
    sortBy: ({ database }) => database.name,
    cell: ({ database: { id, name } }) => <Link to={`/databases/${id}`}>{name}</Link>,
  },
  {
    key: 'type',
    header: 'Kind',
    sortBy: ({ database }) => typeNames[database.type],
    cell: ({ database }) => typeNames[database.type],
  },
  {
    key: 'protection',
    header: 'Protection',
    sortBy: ({ protection }) => (protection ? rank.indexOf(protection.state) : null),
    cell: ({ protection }) => (protection ? <Protection protection={protection} /> : '–'),
  },
  {
    key: 'newest',
    header: 'Newest good backup',
    sortBy: ({ protection }) => protection?.newest_good?.made_at ?? null,
    cell: ({ protection }) => <Newest protection={protection} />,
  },
  {
    key: 'next',
    header: 'Next run',
    sortBy: ({ protection }) => protection?.next_slot_at ?? null,
    cell: ({ protection }) =>
      protection?.next_slot_at ? <RelativeTime at={protection.next_slot_at} /> : <Soft>None planned</Soft>,
  },
  { key: 'actions', header: '', align: 'end', cell: ({ database }) => <BackUpNow database={database} /> },
];

function Protection({ protection }: { protection: DatabaseProtection }): React.JSX.Element {
  const [reason] = protection.reasons;
  return (
    <Stack gap="s">
      <span>
        <StateBadge state={protection.state} />
      </span>
      {reason && <Soft small>{reason.message}</Soft>}
    </Stack>
  );
}

function Newest({ protection }: Pick<Row, 'protection'>): React.JSX.Element {
  const newest = protection?.newest_good;
  if (!newest) return <Soft>None</Soft>;
  return (
    <Stack gap="s">
      <RelativeTime at={newest.made_at} />
      <Soft small>{lookOf(newest.level).word}</Soft>
    </Stack>
  );
}

function BackUpNow({ database: { id, name } }: { database: Database }): React.JSX.Element {
  const backUp = useBackUp();
  const start = (): void =>
    backUp.mutate(id, {
      onSuccess: () => toast.good(`A backup of ${name} was asked for.`),
      onError: (error) => toast.bad(error),
    });
  return (
    <Button size="s" icon={DatabaseBackup} busy={backUp.isPending} label={`Back up ${name} now`} onClick={start}>
      Back up
    </Button>
  );
}

const all = 'all';

export default function DatabasesPage(): React.JSX.Element {
  const databases = useDatabases();
  const overview = useProtectionOverview();
  const [search, setSearch] = useState('');
  const [type, setType] = useState<string>(all);
  const [state, setState] = useState<string>(all);
  const byId = new Map(overview.data?.databases.map((one) => [one.database.id, one]));
  const rows = databases.data?.map((database): Row => ({ database, protection: byId.get(database.id) }));
  const found = rows?.filter(
    ({ database, protection }) =>
      `${database.name} ${database.host ?? ''} ${database.database}`
        .toLowerCase()
        .includes(search.trim().toLowerCase()) &&
      (type === all || database.type === type) &&
      (state === all || protection?.state === state),
  );
  const types = [...new Set(rows?.map(({ database }) => database.type))];
  return (
    <Page>
      <PageHeader
        title="Databases"
        {...(rows && { lead: countOf(rows.length, 'database') })}
        actions={
          <LinkButton to="/databases/new" icon={Plus} tone="primary">
            Add database
          </LinkButton>
        }
      />
      {databases.error && <ErrorNotice error={databases.error} onRetry={() => void databases.refetch()} />}
      {rows && rows.length > 0 && (
        <FormRow>
          <TextField label="Search" type="search" value={search} onChange={setSearch} placeholder="Name or host" />
          <SelectField
            label="Kind"
            value={type}
            onChange={setType}
            options={[
              { value: all, label: 'All kinds' },
              ...types.map((value) => ({ value, label: typeNames[value] })),
            ]}
          />
          <SelectField
            label="Protection"
            value={state}
            onChange={setState}
            options={[
              { value: all, label: 'All states' },
              ...states.map((value) => ({ value, label: lookOf(value).word })),
            ]}
          />
        </FormRow>
      )}
      {!databases.error && (
        <Card flush>
          <DataTable
            label="Databases"
            columns={columns}
            rows={found?.toSorted(worstFirst)}
            rowKey={({ database }) => database.id}
            empty={rows?.length === 0 ? <NoDatabase /> : <NoMatch />}
          />
        </Card>
      )}
    </Page>
  );
}

const worstFirst = (a: Row, b: Row): number =>
  rank.indexOf(a.protection?.state ?? 'unknown') - rank.indexOf(b.protection?.state ?? 'unknown') ||
  a.database.name.localeCompare(b.database.name, 'en', { numeric: true });

function NoDatabase(): React.JSX.Element {
  return (
    <EmptyState
      title="No databases yet"
      icon={DatabaseBackup}
      actions={
        <LinkButton to="/databases/new" icon={Plus} tone="primary">
          Add database
        </LinkButton>
      }
    >
      Register a database, and Holdfast backs it up and proves that it comes back.
    </EmptyState>
  );
}

function NoMatch(): React.JSX.Element {
  return <EmptyState title="No database matches">Change the search or show all kinds and states.</EmptyState>;
}
