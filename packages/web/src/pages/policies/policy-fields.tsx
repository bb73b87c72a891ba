import type { Destination } from '../../data/destinations.ts';
import { Card, FormRow, RadioGroup, SelectField, Stack, TextField } from '../../kit/index.ts';
import { grantOf, kinds } from '../databases/new/kinds.ts';
import { ServerFields } from '../databases/new/server-fields.tsx';
import { NotOffSite } from '../destinations/not-off-site.tsx';
import type { FieldErrors } from '../plan/field-errors.ts';
import { KeepingFields } from '../plan/keeping-fields.tsx';
import { ProvingFields } from '../plan/proving-fields.tsx';
import { TimingFields } from '../plan/timing-fields.tsx';
import type { PolicyForm } from './form.ts';

const withSeveral = new Set(['postgresql', 'mysql', 'mariadb', 'mongodb']);
const types = kinds
  .filter(({ type }) => withSeveral.has(type))
  .map(({ type, label, hint }) => ({ value: type, label, hint }));

export interface PolicyFieldsProps {
  value: PolicyForm;
  onChange: (value: PolicyForm) => void;
  errors: FieldErrors;
  destinations: readonly Destination[];
  isNew: boolean;
}

export function PolicyFields({ value, onChange, errors, destinations, isNew }: PolicyFieldsProps): React.JSX.Element {
  const change = (change: Partial<PolicyForm>): void => onChange({ ...value, ...change });
  const { connection } = value;
  const connect = (change: Partial<PolicyForm['connection']>): void =>
    onChange({ ...value, connection: { ...connection, ...change } });
  return (
    <>
      <Card title="Server">
        <Stack>
          <TextField
            label="Name"
            name="name"
            hint="The names of its databases begin with it."
            value={connection.name}
            onChange={(name) => connect({ name })}
            error={errors['name']}
          />
          {isNew && (
            <RadioGroup
              label="Kind of server"
              name="type"
              look="cards"
              value={connection.type}
              options={types}
              onChange={(type) => connect({ type })}
              error={errors['type']}
            />
          )}
          <ServerFields
            isWhole
            value={connection}
            change={({ type: _stays, ...changed }) => connect(changed)}
            errors={errors}
            {...(!isNew && { passwordHint: 'Leave empty to keep the present one; required when host or port change.' })}
          />
        </Stack>
      </Card>
      <Card title="Databases">
        <FormRow>
          <TextField
            label="Covered"
            name="include"
            code
            rows={4}
            hint="A pattern a line: * stands for any characters, ? for one."
            value={value.include}
            onChange={(include) => change({ include })}
            error={patternErrors(errors, 'include')}
          />
          <TextField
            label="Left out"
            name="exclude"
            code
            optional
            rows={4}
            hint="What matches one of these stays out."
            value={value.exclude}
            onChange={(exclude) => change({ exclude })}
            error={patternErrors(errors, 'exclude')}
          />
        </FormRow>
      </Card>
      <Card title="Backups">
        <Stack gap="l">
          <SelectField
            label="Destination"
            name="destination_id"
            value={value.destination}
            options={destinations.map(({ id, label, type_human: kind }) => ({
              value: String(id),
              label: `${label} (${kind})`,
            }))}
            onChange={(destination) => change({ destination })}
            error={errors['destination_id']}
          />
          <NotOffSite destinations={destinations} chosen={value.destination} />
          <TimingFields value={value.timing} onChange={(timing) => change({ timing })} errors={errors} />
          <KeepingFields value={value.keeping} onChange={(keeping) => change({ keeping })} errors={errors} />
          <ProvingFields
            value={value.proving}
            onChange={(proving) => change({ proving })}
            errors={errors}
            grant={grantOf(connection)}
          />
        </Stack>
      </Card>
    </>
  );
}

/** Of the list and of its single patterns. */
const patternErrors = (errors: FieldErrors, field: string): string[] =>
  Object.entries(errors).flatMap(([name, said]) =>
    name === field || name.startsWith(`${field}.`) ? [...(said ?? [])] : [],
  );
