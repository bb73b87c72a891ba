import type { Attempt } from '../../data/backups.ts';
import { Bytes, Code, DataTable, Duration, RelativeTime, Soft, StateBadge, type Column } from '../../kit/index.ts';

const secondsOf = ({ started_at: start, ended_at: end }: Attempt): number | null =>
  end === null ? null : (Date.parse(end) - Date.parse(start)) / 1000;

const stateOf = ({ settled, error, ended_at: end }: Attempt): string => {
  if (settled) return 'done';
  if (error?.code === 'cancelled') return 'cancelled';
  return end === null ? 'pending' : 'error';
};

const columns: readonly Column<Attempt>[] = [
  { key: 'attempt', header: 'Attempt', cell: ({ attempt }) => attempt },
  { key: 'state', header: 'Outcome', cell: (one) => <StateBadge state={stateOf(one)} /> },
  { key: 'started', header: 'Began', cell: ({ started_at: at }) => <RelativeTime at={at} absolute /> },
  { key: 'took', header: 'Took', align: 'end', cell: (one) => <Duration seconds={secondsOf(one)} /> },
  { key: 'bytes', header: 'Read', align: 'end', cell: ({ bytes }) => <Bytes value={bytes} /> },
  { key: 'worker', header: 'By', cell: ({ worker }) => <Code>{worker}</Code> },
];

const whyEnded = ({ error }: Attempt): React.JSX.Element | null =>
  error && (
    <Soft small>
      <Code>{error.code}</Code> {error.message}
    </Soft>
  );

/** Each attempt at some work, with why it ended without a result. */
export function Attempts({ attempts }: { attempts: readonly Attempt[] }): React.JSX.Element {
  return (
    <DataTable
      label="Attempts"
      columns={columns}
      rows={attempts}
      rowKey={({ attempt }) => String(attempt)}
      details={whyEnded}
    />
  );
}
