import { useState, type ReactNode } from 'react';
import { Link } from 'react-router';
import { usePolicyRun, usePolicyRuns, type Member, type PolicyRun, type RunBackup } from '../../data/policies.ts';
import {
  Bytes,
  Button,
  Callout,
  Card,
  DataTable,
  EmptyState,
  KeyValues,
  Loaded,
  RelativeTime,
  Soft,
  Stack,
  StateBadge,
  type Column,
} from '../../kit/index.ts';
import { outcomeOf } from '../databases/words.ts';
import { RunActions } from './run-actions.tsx';

const columnsOf = (open: string | null, onOpen: (id: string | null) => void): readonly Column<PolicyRun>[] => [
  { key: 'at', header: 'Run', cell: (run) => <RelativeTime at={run.scheduled_for ?? run.created_at} absolute /> },
  { key: 'why', header: 'Why', cell: (run) => (run.scheduled_for === null ? 'Asked for' : 'Its time') },
  { key: 'status', header: 'State', cell: (run) => <StateBadge state={outcomeOf(run)} /> },
  { key: 'backups', header: 'Backups', cell: (run) => <Counts run={run} /> },
  {
    key: 'open',
    header: '',
    align: 'end',
    cell: ({ id }) => (
      <Button size="s" tone="quiet" onClick={() => onOpen(open === id ? null : id)}>
        {open === id ? 'Fold' : 'Details'}
      </Button>
    ),
  },
];

const detailsOf =
  (open: string | null, policyId: string, members: readonly Member[]) =>
  ({ id }: PolicyRun): ReactNode =>
    open === id && <RunDetails policyId={policyId} id={id} members={members} />;

/** The times at which the server was listed and backed up. */
export function RunsPanel({ policyId, members }: { policyId: string; members: readonly Member[] }): React.JSX.Element {
  const runs = usePolicyRuns(policyId);
  const [open, setOpen] = useState<string | null>(null);
  const details = detailsOf(open, policyId, members);
  return (
    <Card flush>
      <DataTable
        label="Runs"
        columns={columnsOf(open, setOpen)}
        rows={runs.data}
        rowKey={({ id }) => id}
        details={details}
        empty={<EmptyState title="No run yet">It runs at its next time, or when it is asked to.</EmptyState>}
      />
    </Card>
  );
}

function Counts({ run: { backups, cancel_requested_at: cancelled } }: { run: PolicyRun }): React.JSX.Element {
  const parts = [
    [backups.done, 'done'],
    [backups.error, cancelled === null ? 'failed' : 'not done'],
    [backups.pending, 'running'],
    [backups.scheduled, 'waiting'],
  ].filter(([count]) => count !== 0);
  return <>{parts.map((part) => part.join(' ')).join(', ') || <Soft>none</Soft>}</>;
}

const nameOf = (members: readonly Member[], databaseId: string): string =>
  members.find(({ id }) => id === databaseId)?.name ?? databaseId;

const backupColumns = (members: readonly Member[]): readonly Column<RunBackup>[] => [
  {
    key: 'database',
    header: 'Database',
    cell: (backup) => (
      <Link to={`/databases/${backup.database_id}/backups/${backup.id}`}>{nameOf(members, backup.database_id)}</Link>
    ),
  },
  { key: 'status', header: 'State', cell: (backup) => <StateBadge state={outcomeOf(backup)} /> },
  { key: 'size', header: 'Size', align: 'end', cell: ({ size }) => <Bytes value={size} /> },
  {
    key: 'error',
    header: 'Error',
    cell: ({ error }) => (error && error.code !== 'cancelled' ? error.message : <Soft>–</Soft>),
  },
];

function RunDetails({ policyId, id, members }: { policyId: string; id: string; members: readonly Member[] }) {
  const run = usePolicyRun(policyId, id);
  return (
    <Loaded query={run}>
      {({ policy_run: found, database_backups: backups }) => (
        <Stack>
          <RunActions policyId={policyId} run={found} />
          {found.error && found.error.code !== 'cancelled' && (
            <Callout tone="bad" title="The server could not be listed">
              {found.error.message}
            </Callout>
          )}
          {found.findings && <Findings findings={found.findings} />}
          <DataTable
            label="Backups of the run"
            rows={backups}
            rowKey={(backup) => backup.id}
            columns={backupColumns(members)}
            empty={<EmptyState title="No backup in this run" />}
          />
        </Stack>
      )}
    </Loaded>
  );
}

type Found = NonNullable<PolicyRun['findings']>;

function Findings({ findings }: { findings: Found }): React.JSX.Element {
  const named = (names: readonly string[]): string | undefined => (names.length > 0 ? names.join(', ') : undefined);
  return (
    <>
      {findings.suspicious !== null && <Callout tone="warn">{findings.suspicious}</Callout>}
      <KeyValues
        items={[
          ['Databases on the server', findings.listed],
          ['Covered for the first time', named(findings.added)],
          ['Gone since the run before', named(findings.vanished)],
          ['There again', named(findings.returned)],
          ['Not covered any more', named(findings.released)],
          ['Left out', named(findings.left_out)],
          ['Passed over', named(findings.passed_over.map(({ database, reason }) => `${database}: ${reason}`))],
        ]}
      />
    </>
  );
}
