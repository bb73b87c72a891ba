import { useState } from 'react';
import { useCreateServer, type NewServer } from '../../data/servers.ts';
import {
  Button,
  Callout,
  CodeBlock,
  Dialog,
  Form,
  FormActions,
  LinkButton,
  Stack,
  TextField,
} from '../../kit/index.ts';
import { fieldErrors } from '../plan/field-errors.ts';
import { AgentSetUp } from './agent-set-up.tsx';

export interface NewServerDialogProps {
  isOpen: boolean;
  onClose: () => void;
}

export function NewServerDialog({ isOpen, onClose }: NewServerDialogProps): React.JSX.Element {
  return (
    <Dialog isOpen={isOpen} onClose={onClose} title="Add remote server" size="l" alert>
      <Steps onClose={onClose} />
    </Dialog>
  );
}

/** Begins anew each time the dialog opens. */
function Steps({ onClose }: { onClose: () => void }): React.JSX.Element {
  const [name, setName] = useState('');
  const [made, setMade] = useState<NewServer | null>(null);
  const create = useCreateServer();
  if (made) return <Made server={made} onClose={onClose} />;
  return (
    <Form error={create.error} onSubmit={() => create.mutate(name.trim(), { onSuccess: setMade })}>
      <TextField
        label="Name"
        name="name"
        placeholder="web-1"
        hint="The machine whose agent backs up what Holdfast does not reach itself."
        value={name}
        onChange={setName}
        error={fieldErrors(create.error)['name']}
        focused
      />
      <FormActions>
        <Button type="submit" tone="primary" busy={create.isPending}>
          Add server
        </Button>
        <Button onClick={onClose}>Cancel</Button>
      </FormActions>
    </Form>
  );
}

function Made({ server, onClose }: { server: NewServer; onClose: () => void }): React.JSX.Element {
  return (
    <Stack>
      <Callout tone="warn" title="The token is shown only now" announce>
        Copy it, or the command line below that holds it. Who loses it adds the server anew.
      </Callout>
      <CodeBlock label="Token" text={server.token} />
      <AgentSetUp token={server.token} />
      <FormActions>
        <LinkButton to={`/servers/${server.id}`} tone="primary">
          Done
        </LinkButton>
        <Button onClick={onClose}>Close</Button>
      </FormActions>
    </Stack>
  );
}
