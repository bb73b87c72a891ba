import { ApiError } from '@holdfast/client';
import { useState } from 'react';
import { useCreateToken, type NewToken, type Token } from '../../data/tokens.ts';
import {
  Button,
  Callout,
  Checkbox,
  CodeBlock,
  Dialog,
  Form,
  FormActions,
  SelectField,
  Stack,
  TextField,
} from '../../kit/index.ts';
import { lifetimes, scopeChoices, type Lifetime } from './scopes.ts';

export function NewTokenDialog({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }): React.JSX.Element {
  return (
    <Dialog isOpen={isOpen} onClose={onClose} title="New token" size="l">
      <NewTokenForm onClose={onClose} />
    </Dialog>
  );
}

/** Begins anew each time its dialog opens; what was made is shown once. */
function NewTokenForm({ onClose }: { onClose: () => void }): React.JSX.Element {
  const [name, setName] = useState('');
  const [scopes, setScopes] = useState<readonly Token['scopes'][number][]>([]);
  const [lifetime, setLifetime] = useState<Lifetime>('90');
  const create = useCreateToken();
  if (create.data) return <Made name={create.data.name} token={create.data.token} onClose={onClose} />;
  const wrong = create.error instanceof ApiError ? create.error.fields : {};
  const submit = (): void => {
    const days = lifetime === '0' ? null : Number(lifetime);
    const asked: NewToken = { name: name.trim(), scopes: [...scopes], expires_in_days: days };
    if (!create.isPending) create.mutate(asked);
  };
  return (
    <Form label="New token" onSubmit={submit} error={create.error}>
      <TextField
        label="Name"
        hint="Who or what uses it: it is what the audit log says."
        value={name}
        onChange={setName}
        error={wrong['token.name'] ?? wrong['name']}
        focused
      />
      <fieldset>
        <Stack gap="s">
          <legend className="field__label">What it may do</legend>
          {scopeChoices.map(({ scope, allows }) => (
            <Checkbox
              key={scope}
              label={scope}
              hint={allows}
              checked={scopes.includes(scope)}
              onChange={(checked) => setScopes(checked ? [...scopes, scope] : scopes.filter((one) => one !== scope))}
            />
          ))}
        </Stack>
      </fieldset>
      <SelectField label="Ends after" value={lifetime} onChange={setLifetime} options={lifetimes} />
      <FormActions>
        <Button
          type="submit"
          tone="primary"
          busy={create.isPending}
          disabled={name.trim() === '' || scopes.length === 0}
        >
          Make token
        </Button>
        <Button onClick={onClose}>Cancel</Button>
      </FormActions>
    </Form>
  );
}

function Made({ name, token, onClose }: { name: string; token: string; onClose: () => void }): React.JSX.Element {
  return (
    <Stack>
      <Callout tone="warn" title={`This is the token “${name}”. It is shown once.`} announce>
        Copy it now to where it will be used: what is kept of it here cannot be turned back into it.
      </Callout>
      <CodeBlock label="Token" text={token} />
      <FormActions>
        <Button tone="primary" onClick={onClose}>
          I have copied it
        </Button>
      </FormActions>
    </Stack>
  );
}
