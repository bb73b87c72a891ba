import { useState } from 'react';
import { useBackupFiles, type Backup } from '../../data/backups.ts';
import { useDatabases, type Database } from '../../data/databases.ts';
import { useStartRestore } from '../../data/restores.ts';
import { Button, Callout, Code, Form, FormActions, KeyValues, RelativeTime, TextField } from '../../kit/index.ts';
import './databases.css';
import { wishOf, type WishFields } from './restore-wish.ts';

export interface RestoreConfirmProps {
  database: Database;
  backup: Backup;
  wish: WishFields;
  onBack: () => void;
  onStarted: (restoreId: string) => void;
}

/** Says what will happen; what replaces content in use has to be typed. */
export function RestoreConfirm({ database, backup, wish, onBack, onStarted }: RestoreConfirmProps): React.JSX.Element {
  const [typed, setTyped] = useState('');
  const { data: files = [] } = useBackupFiles(database.id, backup.id);
  const { data: databases = [] } = useDatabases();
  const start = useStartRestore(database.id, backup.id);
  const replaced = wish.place === 'other' ? databases.find(({ id }) => id === wish.other) : database;
  const replaces = wish.place !== 'beside';
  const name = replaced?.name ?? '';
  const isReady = !replaces || (name !== '' && typed === name);
  const body = wishOf(wish, files);
  const submit = (): void => {
    if (!isReady || start.isPending) return;
    start.mutate(body, { onSuccess: ({ id }) => onStarted(id) });
  };
  return (
    <Form label="Confirm the restore" onSubmit={submit} error={start.error}>
      <KeyValues
        items={[
          ['Backup', <RelativeTime key="backup" at={backup.started_at ?? backup.created_at} absolute />],
          [
            'Into',
            replaces ? (
              <span key="into">
                <Code>{replaced?.database ?? ''}</Code>, in place
              </span>
            ) : (
              <span key="into">
                <Code>{wish.name.trim()}</Code>, new
              </span>
            ),
          ],
          [
            'Only',
            body.selection
              ? [...(body.selection.schemas ?? []), ...(body.selection.tables ?? [])].join(', ')
              : undefined,
          ],
        ]}
      />
      {replaces ? (
        <InPlace database={replaced} keepHours={wish.keepHours} />
      ) : (
        <Callout tone="neutral">
          A new database is made. If the restore fails, nothing of it stays; the database in use is not touched in any
          case.
        </Callout>
      )}
      {replaces && <TextField label={`Type ${name} to confirm`} code value={typed} onChange={setTyped} focused />}
      <FormActions>
        <Button type="submit" tone={replaces ? 'danger' : 'primary'} busy={start.isPending} disabled={!isReady}>
          {replaces ? `Replace ${name}` : 'Restore'}
        </Button>
        <Button onClick={onBack}>Back</Button>
      </FormActions>
    </Form>
  );
}

function InPlace({
  database,
  keepHours,
}: {
  database: Database | undefined;
  keepHours: number | null;
}): React.JSX.Element {
  const isRemote = database?.server_id !== null;
  return (
    <Callout tone="warn" title="The content in use is replaced">
      <ul className="bulleted">
        <li>
          The new content is built beside it. Until it is whole, and if anything fails, everything stays as it is.
        </li>
        <li>Then both are swapped at once. Connections to the database are ended for that moment.</li>
        <li>What was written since this backup is no longer in the database.</li>
        <li>
          {isRemote
            ? 'A remote server keeps no former content: there is no undo.'
            : keepHours === 0
              ? 'The former content is dropped at once: there is no undo.'
              : `The former content is kept ${keepHours === null ? 'as long as the operator set, a day as a rule' : `for ${keepHours} hours`}: until then one button undoes the restore.`}
        </li>
      </ul>
    </Callout>
  );
}
