import { Plus, ServerCog } from 'lucide-react';
import { Link } from 'react-router';
import { usePolicies, type Policy } from '../../data/policies.ts';
import { typeNames } from '../../data/type-names.ts';
import {
  Card,
  Code,
  DataTable,
  EmptyState,
  LinkButton,
  Loaded,
  Page,
  PageHeader,
  RelativeTime,
  StateBadge,
  type Column,
} from '../../kit/index.ts';
import { inWords } from '../plan/timing-fields.tsx';

const add = (
  <LinkButton to="/policies/new" tone="primary" icon={Plus}>
    Add policy
  </LinkButton>
);

const columns: readonly Column<Policy>[] = [
  {
    key: 'name',
    header: 'Policy',
    sortBy: ({ name }) => name,
    cell: ({ id, name }) => <Link to={`/policies/${id}`}>{name}</Link>,
  },
  { key: 'type', header: 'Kind', sortBy: ({ type }) => type, cell: ({ type }) => typeNames[type] },
  { key: 'server', header: 'Server', cell: ({ host, port }) => <Code>{`${host}:${port}`}</Code> },
  { key: 'covers', header: 'Covers', cell: ({ include }) => <Code>{include.join(' ')}</Code> },
  { key: 'when', header: 'When', cell: ({ cron, timezone }) => `${inWords(cron)} (${timezone})` },
  {
    key: 'next',
    header: 'Next run',
    sortBy: (row) => row.next_run_at,
    cell: (row) => <RelativeTime at={row.next_run_at} />,
  },
  { key: 'state', header: 'State', cell: ({ enabled }) => <StateBadge state={enabled ? 'enabled' : 'paused'} /> },
];

export default function PoliciesPage(): React.JSX.Element {
  const policies = usePolicies();
  return (
    <Page>
      <PageHeader
        title="Server policies"
        lead="Back up whole servers: which of their databases is asked anew at each run."
        actions={add}
      />
      <Card flush>
        <Loaded query={policies}>
          {(rows) => (
            <DataTable
              label="Policies"
              columns={columns}
              rows={rows}
              rowKey={({ id }) => id}
              empty={
                <EmptyState title="No policy yet" icon={ServerCog} actions={add}>
                  A policy covers every database of a server that matches its patterns. One that was made yesterday is
                  backed up today, and one that is gone raises a question.
                </EmptyState>
              }
            />
          )}
        </Loaded>
      </Card>
    </Page>
  );
}
