import { useState } from 'react';
import type { Policy } from '../../data/policies.ts';
import { useRestoreRun, type RunPart, type RunRestoreWish } from '../../data/run-restores.ts';
import { Button, Callout, countOf, Form, FormActions, KeyValues, TextField } from '../../kit/index.ts';
import { Into } from './run-look.tsx';
import type { RunWish } from './run-wish.ts';

export interface RunConfirmProps {
  policy: Policy;
  run: string;
  wish: RunWish;
  body: RunRestoreWish;
  parts: readonly RunPart[];
  onBack: () => void;
  /** @param group the id that the restores have in common */
  onStarted: (group: string) => void;
}

/** Says what will happen; what replaces content in use has to be typed. */
export function RunConfirm({ policy, run, wish, body, parts, onBack, onStarted }: RunConfirmProps): React.JSX.Element {
  const [typed, setTyped] = useState('');
  const start = useRestoreRun(policy.id, run);
  const count = parts.length;
  const replaces = wish.place === 'in_place';
  const isReady = !replaces || typed === policy.name;
  const submit = (): void => {
    if (!isReady || start.isPending) return;
    start.mutate(body, { onSuccess: ({ id }) => onStarted(id) });
  };
  return (
    <Form label="Confirm the restores" onSubmit={submit} error={start.error}>
      {replaces ? (
        <Callout tone="warn" title={`The content of ${countOf(count, 'database')} in use is replaced`}>
          <ul className="bulleted">
            <li>
              Each is built beside the one in use. Until it is whole, and if anything fails, that one stays as it is.
            </li>
            <li>Then both are swapped at once. Connections to the database are ended for that moment.</li>
            <li>What was written since these backups is no longer in the databases.</li>
            <li>{undoOf(wish.keepHours)}</li>
            <li>They come back one after the other: where one fails, the others go on.</li>
          </ul>
        </Callout>
      ) : (
        <Callout tone="neutral" title={countOf(count, 'new database')}>
          If a restore fails, nothing of it stays; the databases in use are not touched in any case.
        </Callout>
      )}
      <KeyValues items={parts.map(({ database, wish: of }) => [database, <Into key="into" wish={of} />])} />
      {replaces && (
        <TextField label={`Type ${policy.name} to confirm`} code value={typed} onChange={setTyped} focused />
      )}
      <FormActions>
        <Button type="submit" tone={replaces ? 'danger' : 'primary'} busy={start.isPending} disabled={!isReady}>
          {`${replaces ? 'Replace' : 'Restore'} ${countOf(count, 'database')}`}
        </Button>
        <Button onClick={onBack}>Back</Button>
      </FormActions>
    </Form>
  );
}

function undoOf(keepHours: number | null): string {
  if (keepHours === 0) return 'The former contents are dropped at once: there is no undo.';
  const until = keepHours === null ? 'as long as the operator set, a day as a rule' : `for ${keepHours} hours`;
  return `The former contents are kept ${until}: until then each restore can be undone by itself.`;
}
