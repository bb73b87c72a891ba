import { useHookRuns, type HookRun } from '../../data/backups.ts';
import { Card, Code, CodeBlock, DataTable, Duration, Soft, Stack, StateBadge, type Column } from '../../kit/index.ts';

const columns: readonly Column<HookRun>[] = [
  { key: 'attempt', header: 'Attempt', cell: ({ attempt }) => attempt },
  { key: 'phase', header: 'When', cell: ({ phase }) => (phase === 'before' ? 'Before' : 'After') },
  { key: 'name', header: 'Hook', cell: ({ name }) => <Code>{name}</Code> },
  { key: 'outcome', header: 'Outcome', cell: ({ outcome }) => <StateBadge state={outcome ?? 'running'} /> },
  {
    key: 'said',
    header: 'Answer',
    cell: ({ exit_code: exit, http_status: status }) =>
      exit === null ? (status === null ? '–' : `HTTP ${status}`) : `Exit code ${exit}`,
  },
  {
    key: 'took',
    header: 'Took',
    align: 'end',
    cell: ({ started_at: start, ended_at: end }) => (
      <Duration seconds={end === null ? null : (Date.parse(end) - Date.parse(start)) / 1000} />
    ),
  },
];

const outputOf = ({ problem, output, name }: HookRun) =>
  (problem !== null || output !== '') && (
    <Stack gap="s">
      {problem !== null && <Soft small>{problem}</Soft>}
      {output !== '' && <CodeBlock label={`Output of ${name}`} text={output} />}
    </Stack>
  );

/** What was done around its attempts; nothing where there were no hooks. */
export function HookRuns({ db, id }: { db: string; id: string }): React.JSX.Element | null {
  const { data: runs = [] } = useHookRuns(db, id);
  if (runs.length === 0) return null;
  return (
    <Card title="Hooks" flush>
      <DataTable label="Hooks" columns={columns} rows={runs} rowKey={(run) => run.id} details={outputOf} />
    </Card>
  );
}
