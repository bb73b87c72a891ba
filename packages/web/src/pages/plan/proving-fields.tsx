import { Callout, CodeBlock, FormRow, NumberField, RadioGroup, SelectField, Stack } from '../../kit/index.ts';
import type { FieldErrors } from './field-errors.ts';
import type { Proving } from './proving.ts';

const levels = [
  {
    value: 'identical',
    label: 'Identical',
    hint: 'Restored into a scratch database, and its content compared with the source.',
  },
  { value: 'restorable', label: 'Restorable', hint: 'Restored into a scratch database.' },
  { value: 'readable', label: 'Readable', hint: 'Read and decoded to its end.' },
  { value: 'none', label: 'By hand alone', hint: 'What is never tried may not come back.' },
] as const;

const often = [
  { value: 'each', label: 'Each backup' },
  { value: 'weekly', label: 'One a week' },
  { value: 'some', label: 'One of every …' },
] as const;

export interface ProvingFieldsProps {
  value: Proving;
  onChange: (value: Proving) => void;
  errors: FieldErrors;
  /** What lets the user of the database restore into a scratch database, where it needs that. */
  grant?: string | null;
}

/** How far and how often backups are proven. */
export function ProvingFields({ value, onChange, errors, grant = null }: ProvingFieldsProps): React.JSX.Element {
  const options = value.level === 'stored' ? [...levels, stored] : levels;
  return (
    <Stack>
      <RadioGroup
        label="Prove that they come back"
        name="level"
        look="cards"
        value={value.level}
        options={options}
        error={errors['verification.level'] ?? errors['verification.scratch_database_id'] ?? errors['verification']}
        onChange={(level) => onChange({ ...value, level })}
      />
      {grant !== null && (value.level === 'identical' || value.level === 'restorable') && (
        <Callout title="A restore to prove it takes one privilege more">
          <p>To be run by the administrator of the server, unless the user has it: without it no backup is proven.</p>
          <CodeBlock label="Statement for proving" text={grant} />
        </Callout>
      )}
      {value.level !== 'none' && (
        <FormRow>
          <SelectField
            label="How often to prove"
            {...(value.every === 'each' && {
              hint: 'Each backup, also one that is asked for by hand, once it is stored.',
            })}
            value={value.every}
            options={often}
            onChange={(every) => onChange({ ...value, every })}
          />
          {value.every === 'some' && (
            <NumberField
              label="One of every"
              unit="backups"
              min={1}
              max={1000}
              step={1}
              value={value.count}
              onChange={(count) => onChange({ ...value, count })}
              error={errors['verification.every']}
            />
          )}
        </FormRow>
      )}
    </Stack>
  );
}

const stored = { value: 'stored', label: 'Stored', hint: 'The objects are there, with the right sizes.' } as const;
