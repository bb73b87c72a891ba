import { useState } from 'react';
import { Button, FormRow, NumberField, SelectField, Stack, TextField } from '../../kit/index.ts';
import { kept, type DestinationPart } from './form.ts';

const modes = [
  { value: 'none', label: 'None' },
  { value: 'governance', label: 'Governance: some may lift it' },
  { value: 'compliance', label: 'Compliance: nobody can lift it' },
] as const;

const fields = ['s3_prefix', 's3_max_parts', 'deletion_access_key', 'deletion_secret_key', 'object_lock'];

/** What keeps backups in a bucket safe from their own service, and what few buckets need: folded away at first. */
export function GuardFields(props: DestinationPart): React.JSX.Element {
  const [open, setOpen] = useState(!props.isNew);
  const isWrong = fields.some((field) => Object.keys(props.errors).some((name) => name.startsWith(field)));
  if (!open && !isWrong) {
    return (
      <div>
        <Button tone="quiet" size="s" onClick={() => setOpen(true)}>
          Locks, keys that delete, prefix …
        </Button>
      </div>
    );
  }
  return <Guards {...props} />;
}

function Guards({ value, change, errors, isNew }: DestinationPart): React.JSX.Element {
  return (
    <Stack>
      <FormRow>
        <SelectField
          label="Object Lock"
          name="object_lock"
          hint="Needs a bucket that was made with it."
          value={value.lockMode}
          options={modes}
          onChange={(lockMode) => change({ lockMode })}
          error={errors['object_lock'] ?? errors['object_lock.mode']}
        />
        {value.lockMode !== 'none' && (
          <NumberField
            label="Locked for"
            name="lock_days"
            unit="days"
            min={1}
            step={1}
            hint="Or as long as a schedule keeps backups by days, where that is longer."
            value={value.lockDays}
            onChange={(lockDays) => change({ lockDays })}
            error={errors['object_lock.days']}
          />
        )}
      </FormRow>
      <FormRow>
        <TextField
          label="Access key that deletes"
          name="deletion_access_key"
          code
          optional
          hint={isNew ? 'With these, the keys above need no right to delete.' : kept}
          value={value.deletionAccessKey}
          onChange={(deletionAccessKey) => change({ deletionAccessKey })}
          error={errors['deletion_access_key']}
        />
        <TextField
          label="Secret key that deletes"
          name="deletion_secret_key"
          type="password"
          code
          optional
          autoComplete="new-password"
          value={value.deletionSecretKey}
          onChange={(deletionSecretKey) => change({ deletionSecretKey })}
          error={errors['deletion_secret_key']}
        />
      </FormRow>
      <FormRow>
        <TextField
          label="Prefix"
          name="s3_prefix"
          code
          optional
          hint="Before every key."
          value={value.prefix}
          onChange={(prefix) => change({ prefix })}
          error={errors['s3_prefix']}
        />
        <NumberField
          label="Most parts of an upload"
          name="s3_max_parts"
          optional
          min={1}
          max={10_000}
          step={1}
          hint="For providers that allow fewer than 10,000."
          value={value.maxParts}
          onChange={(maxParts) => change({ maxParts })}
          error={errors['s3_max_parts']}
        />
      </FormRow>
    </Stack>
  );
}
