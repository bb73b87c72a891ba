import { ApiError } from '@holdfast/client';
import { Trash2 } from 'lucide-react';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import { useDeleteDestination, useSaveDestination, useUsage, type Destination } from '../../data/destinations.ts';
import { Button, Card, Checkbox, ConfirmDialog, countOf, Form, FormActions, Stack, toast } from '../../kit/index.ts';
import { fieldErrors } from '../plan/field-errors.ts';
import { DestinationFields } from './destination-fields.tsx';
import { bodyOf, formOf } from './form.ts';

export function DestinationSettings({ destination }: { destination: Destination }): React.JSX.Element {
  return (
    <Stack>
      <Card title="Settings">
        <ChangeForm destination={destination} />
      </Card>
      <Card title="Delete">
        <Deletion destination={destination} />
      </Card>
    </Stack>
  );
}

const isConflict = (error: unknown): boolean => error instanceof ApiError && error.status === 409;

function ChangeForm({ destination }: { destination: Destination }): React.JSX.Element {
  const [form, setForm] = useState(() => formOf(destination));
  const [moved, setMoved] = useState(false);
  const save = useSaveDestination(destination.id);
  const submit = (): void =>
    save.mutate(
      { body: bodyOf(form), force: moved },
      {
        onSuccess: (saved) => {
          setForm(formOf(saved));
          setMoved(false);
          toast.good('The destination was saved. Test it.');
        },
      },
    );
  return (
    <Form label="Settings of the destination" error={save.error} onSubmit={submit}>
      <DestinationFields value={form} onChange={setForm} errors={fieldErrors(save.error)} isNew={false} />
      {(moved || isConflict(save.error)) && (
        <Checkbox
          label="The backups were moved to the new place"
          hint="Otherwise they would be looked for where they are not."
          checked={moved}
          onChange={setMoved}
        />
      )}
      <FormActions>
        <Button type="submit" tone="primary" busy={save.isPending}>
          Save
        </Button>
      </FormActions>
    </Form>
  );
}

function Deletion({ destination: { id, label } }: { destination: Destination }): React.JSX.Element {
  const [asked, setAsked] = useState(false);
  const navigate = useNavigate();
  const remove = useDeleteDestination(id);
  const { data: usage } = useUsage(id);
  const held = usage ? usage.good.backups + usage.damaged.backups + usage.failed : 0;
  const confirm = async (): Promise<void> => {
    await remove.mutateAsync({ force: held > 0 });
    toast.good(held > 0 ? `${label} is gone; its objects are removed in the background.` : `${label} was deleted.`);
    await navigate('/destinations');
  };
  return (
    <>
      <p>
        A destination can go when no database, schedule or policy uses it.{' '}
        {held > 0 && 'Its backups go with it: their objects are removed in the background.'}
      </p>
      <div>
        <Button tone="danger" icon={Trash2} onClick={() => setAsked(true)}>
          Delete destination
        </Button>
      </div>
      <ConfirmDialog
        isOpen={asked}
        onClose={() => setAsked(false)}
        title={`Delete ${label}?`}
        confirmLabel={held > 0 ? 'Delete it and its backups' : 'Delete destination'}
        {...(held > 0 && { typed: label })}
        onConfirm={confirm}
      >
        {held > 0
          ? `${countOf(held, 'backup')} and their objects are deleted for good. This cannot be undone.`
          : 'It holds no backups. Nothing is lost but its settings.'}
      </ConfirmDialog>
    </>
  );
}
