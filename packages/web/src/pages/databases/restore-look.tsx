import { ApiError } from '@holdfast/client';
import { RotateCw } from 'lucide-react';
import { useBackupFiles, type Backup } from '../../data/backups.ts';
import type { Database } from '../../data/databases.ts';
import { usePreflight, type Preflight } from '../../data/restores.ts';
import {
  Button,
  Callout,
  ErrorNotice,
  FormActions,
  formatBytes,
  formatDuration,
  Skeleton,
  Soft,
  Stack,
  type Tone,
} from '../../kit/index.ts';
import { wishOf, type WishFields } from './restore-wish.ts';

export interface RestoreLookProps {
  database: Database;
  backup: Backup;
  wish: WishFields;
  onBack: () => void;
  onNext: () => void;
}

type Finding = Preflight['findings'][number];

/** How findings of a look look. */
export const severityLooks: Record<Finding['severity'], { tone: Tone; title: string }> = {
  blocker: { tone: 'bad', title: 'The restore would fail' },
  warning: { tone: 'warn', title: 'Mind this' },
  note: { tone: 'neutral', title: 'Good to know' },
};

/** What speaks against the restore, what it will do, and how long it may take; nothing is changed. */
export function RestoreLook(props: RestoreLookProps): React.JSX.Element {
  const { database, backup, wish, onBack, onNext } = props;
  const files = useBackupFiles(database.id, backup.id);
  const isRemote = database.server_id !== null;
  const look = usePreflight(database.id, backup.id, wishOf(wish, files.data ?? []), files.isSuccess && !isRemote);
  const isBlocked = look.data?.ok === false || look.isFetching || (look.error !== null && !isRemote);
  return (
    <Stack>
      {isRemote ? (
        <Callout tone="info" title="Nobody looks first here">
          A remote server restores this backup as a whole. Only it reaches the database, so that nothing can be said
          before.
        </Callout>
      ) : (
        <Found look={look} backup={backup} />
      )}
      <FormActions>
        <Button tone="primary" disabled={!isRemote && isBlocked} onClick={onNext}>
          Go on
        </Button>
        <Button onClick={onBack}>Change the target</Button>
        {!isRemote && (
          <Button icon={RotateCw} busy={look.isFetching} onClick={() => void look.refetch()}>
            Look again
          </Button>
        )}
      </FormActions>
    </Stack>
  );
}

function Found({ look, backup }: { look: ReturnType<typeof usePreflight>; backup: Backup }): React.JSX.Element {
  if (look.isFetching) {
    return (
      <Stack>
        <Soft>Looks at the backup and at the server. This may take some seconds.</Soft>
        <Skeleton lines={4} label="Looking" />
      </Stack>
    );
  }
  if (look.error) return <Refused error={look.error} />;
  if (!look.data) return <Skeleton lines={4} />;
  const { ok, findings, estimate } = look.data;
  return (
    <Stack>
      {ok && (
        <Callout tone="good" title="Nothing speaks against it" announce>
          {findings.length === 0 ? 'Nothing else was found.' : 'Read what was found.'}
        </Callout>
      )}
      {findings.map((finding) => (
        <Callout
          key={`${finding.code} ${finding.message}`}
          announce={finding.severity === 'blocker'}
          {...severityLooks[finding.severity]}
        >
          {finding.message}
        </Callout>
      ))}
      <p>
        {estimate
          ? `It may take about ${formatDuration(estimate.seconds)}, as earlier restores ${
              estimate.based_on === 'database' ? 'onto this database' : 'of this account'
            } tell.`
          : 'How long it takes is not known: nothing was restored yet.'}{' '}
        {backup.progress.bytes > 0 && `The backup holds ${formatBytes(backup.progress.bytes)}.`}
      </p>
    </Stack>
  );
}

/** A target that was refused by its field, or a server that cannot be reached at the moment. */
function Refused({ error }: { error: Error }): React.JSX.Element {
  if (error instanceof ApiError && error.status === 422) {
    return (
      <Callout tone="bad" title="This target cannot be" announce>
        {Object.values(error.fields).flat().join(' ')}
      </Callout>
    );
  }
  return <ErrorNotice error={error} />;
}
