import { ApiError } from '@holdfast/client';
import { RotateCw } from 'lucide-react';
import { useRunLook, type RunLook as Look, type RunPart } from '../../data/run-restores.ts';
import {
  Button,
  Callout,
  Code,
  countOf,
  DataTable,
  ErrorNotice,
  FormActions,
  formatDuration,
  Skeleton,
  Soft,
  Stack,
  StateBadge,
  type Column,
} from '../../kit/index.ts';
import { severityLooks } from '../databases/restore-look.tsx';

const blocks = ({ found }: Look): boolean => found instanceof ApiError || !found.ok;

const columns: readonly Column<Look>[] = [
  { key: 'database', header: 'Database', cell: ({ part }) => part.database },
  { key: 'into', header: 'Into', cell: ({ part }) => <Into wish={part.wish} /> },
  {
    key: 'found',
    header: 'Found',
    cell: (look) =>
      look.found instanceof ApiError ? (
        <StateBadge state="unknown" word="Could not look" />
      ) : look.found.ok ? (
        <StateBadge state="ok" />
      ) : (
        <StateBadge state="error" word="Would fail" />
      ),
  },
  {
    key: 'takes',
    header: 'May take',
    align: 'end',
    cell: ({ found }) =>
      found instanceof ApiError || !found.estimate ? <Soft>–</Soft> : formatDuration(found.estimate.seconds),
  },
];

/** The database that a part is restored into. */
export function Into({ wish: { target } }: Pick<RunPart, 'wish'>): React.JSX.Element {
  return target && 'new_database' in target ? <Code>{target.new_database}</Code> : <Soft>in place</Soft>;
}

function detailsOf({ found }: Look): React.JSX.Element | null {
  if (found instanceof ApiError) {
    return <Callout tone="bad">{Object.values(found.fields).flat().join(' ') || found.message}</Callout>;
  }
  if (found.findings.length === 0) return null;
  return (
    <Stack gap="s">
      {found.findings.map(({ severity, code, message }) => (
        <Callout key={`${code} ${message}`} {...severityLooks[severity]}>
          {message}
        </Callout>
      ))}
    </Stack>
  );
}

export interface RunLookStepProps {
  run: string;
  parts: readonly RunPart[];
  onBack: () => void;
  onNext: () => void;
}

/** What speaks against each of the restores; nothing is changed. */
export function RunLookStep({ run, parts, onBack, onNext }: RunLookStepProps): React.JSX.Element {
  const look = useRunLook(run, parts);
  const blocked = look.data?.filter(blocks).length ?? 0;
  const isReady = look.isSuccess && !look.isFetching && blocked === 0;
  return (
    <Stack>
      {look.isFetching ? (
        <Stack>
          <Soft>
            Looks at {countOf(parts.length, 'database')}, one after the other. This may take some seconds each.
          </Soft>
          <Skeleton lines={4} label="Looking" />
        </Stack>
      ) : (
        <>
          {look.error && <ErrorNotice error={look.error} />}
          {isReady && (
            <Callout tone="good" title="Nothing speaks against it" announce>
              Read what was found.
            </Callout>
          )}
          {blocked > 0 && (
            <Callout tone="bad" title={`${countOf(blocked, 'restore')} would fail`} announce>
              Change the target, or leave these databases out.
            </Callout>
          )}
          <DataTable
            label="What was found"
            columns={columns}
            rows={look.data ?? []}
            rowKey={({ part }) => part.backupId}
            details={detailsOf}
          />
        </>
      )}
      <FormActions>
        <Button tone="primary" disabled={!isReady} onClick={onNext}>
          Go on
        </Button>
        <Button onClick={onBack}>Change the target</Button>
        <Button icon={RotateCw} busy={look.isFetching} onClick={() => void look.refetch()}>
          Look again
        </Button>
      </FormActions>
    </Stack>
  );
}
