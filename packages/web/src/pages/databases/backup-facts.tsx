import { Link } from 'react-router';
import type { Backup } from '../../data/backups.ts';
import { useDestinations } from '../../data/destinations.ts';
import { typeNames } from '../../data/type-names.ts';
import { Bytes, Code, CopyButton, Duration, Inline, KeyValues, RelativeTime } from '../../kit/index.ts';
import { Recipients } from '../encryption/recipients.tsx';
import { secondsOf } from './words.ts';

/** When, where and how it was made, and until when it stays. */
export function BackupFacts({ backup }: { backup: Backup }): React.JSX.Element {
  const { status, progress, expires_at: expires, object_locked_until: held } = backup;
  const isDone = status === 'done';
  return (
    <KeyValues
      items={[
        ['Began', <RelativeTime key="began" at={backup.started_at} absolute />],
        ['Ended', <RelativeTime key="ended" at={backup.completed_at} absolute />],
        ['Took', <Duration key="took" seconds={secondsOf(backup, backup.completed_at)} />],
        ['Stored', isDone ? <Bytes key="stored" value={backup.size} /> : undefined],
        ['Read', isDone && progress.bytes > 0 ? <Bytes key="read" value={progress.bytes} /> : undefined],
        ['Kind', typeNames[backup.type]],
        ['Made by', backup.method === 'manual' ? 'Request' : 'Schedule'],
        ['Lies in', <Destination key="destination" id={backup.destination_id} />],
        ['Encrypted', isDone ? <Encrypted key="encrypted" backup={backup} /> : undefined],
        [
          'Imported',
          backup.imported_at === null ? undefined : <RelativeTime key="in" at={backup.imported_at} absolute />,
        ],
        ['Kept until', expires === null ? undefined : <RelativeTime key="until" at={expires} absolute />],
        ['Held by the store until', held === null ? undefined : <RelativeTime key="held" at={held} absolute />],
        ['Locked', backup.locked ? 'Yes: nothing deletes it' : undefined],
        [
          'Id',
          <Inline key="id">
            <Code>{backup.id}</Code>
            <CopyButton text={backup.id} label="Copy id" />
          </Inline>,
        ],
      ]}
    />
  );
}

function Destination({ id }: { id: number }): React.JSX.Element {
  const { data: destinations = [] } = useDestinations();
  return (
    <Link to={`/destinations/${id}`}>{destinations.find((one) => one.id === id)?.label ?? `Destination ${id}`}</Link>
  );
}

function Encrypted({ backup: { recipients } }: { backup: Backup }): React.JSX.Element {
  if (recipients === null) {
    return (
      <Inline>
        No
        <Link to="/encryption">How to encrypt backups</Link>
      </Inline>
    );
  }
  return (
    <>
      Yes, to
      <Recipients of={recipients} />
    </>
  );
}
