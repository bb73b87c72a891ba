import { useState } from 'react';
import { useDestinations, type Destination } from '../../data/destinations.ts';
import { useSavePolicy, type Policy } from '../../data/policies.ts';
import { Button, Callout, Form, FormActions, LinkButton, Loaded } from '../../kit/index.ts';
import { usualDestination } from '../databases/new/going.ts';
import { fieldErrors } from '../plan/field-errors.ts';
import { formOf, newForm, policyOf } from './form.ts';
import { PolicyFields } from './policy-fields.tsx';

export interface PolicyFormProps {
  /** Null: a new one. */
  policy: Policy | null;
  onSaved: (policy: Policy) => void;
}

export function PolicyForm(props: PolicyFormProps): React.JSX.Element {
  const destinations = useDestinations();
  return (
    <Loaded query={destinations}>
      {(found) =>
        found.length === 0 ? (
          <Callout
            tone="warn"
            title="Backups need a destination first"
            actions={
              <LinkButton to="/destinations/new" tone="primary">
                Add destination
              </LinkButton>
            }
          />
        ) : (
          <Filled {...props} destinations={found} />
        )
      }
    </Loaded>
  );
}

function Filled({ policy, onSaved, destinations }: PolicyFormProps & { destinations: readonly Destination[] }) {
  const [written, setForm] = useState(() => (policy ? formOf(policy) : newForm()));
  /** Until one is chosen it follows what destinations there are. */
  const form = { ...written, destination: written.destination || usualDestination(destinations) };
  const save = useSavePolicy(policy?.id ?? null);
  const submit = (): void =>
    save.mutate(policyOf(form), {
      onSuccess: (saved) => {
        setForm(formOf(saved));
        onSaved(saved);
      },
    });
  return (
    <Form label="Policy" error={save.error} onSubmit={submit}>
      <PolicyFields
        value={form}
        onChange={setForm}
        errors={fieldErrors(save.error)}
        destinations={destinations}
        isNew={policy === null}
      />
      <FormActions>
        <Button type="submit" tone="primary" busy={save.isPending}>
          {policy ? 'Save' : 'Add policy'}
        </Button>
        {!policy && <LinkButton to="/policies">Cancel</LinkButton>}
      </FormActions>
    </Form>
  );
}
