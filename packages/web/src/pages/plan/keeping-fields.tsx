import { FormRow, NumberField, RadioGroup, Stack } from '../../kit/index.ts';
import type { FieldErrors } from './field-errors.ts';
import { rulesOf, type Keeping, type RuleName } from './keeping.ts';

const presets = [
  { value: 'year', label: 'A year', hint: 'One of each of 7 days, 4 weeks and 12 months.' },
  { value: 'fortnight', label: 'Two weeks', hint: 'One of each of 14 days.' },
  { value: 'everything', label: 'Everything', hint: 'Nothing is ever deleted.' },
  { value: 'own', label: 'Own rules', hint: 'Kept is what any of them keeps.' },
] as const;

const rules: readonly (readonly [RuleName, label: string, unit: string])[] = [
  ['keep_last', 'The newest', 'backups'],
  ['keep_days', 'All of the last', 'days'],
  ['hourly', 'One of each of', 'hours'],
  ['daily', 'One of each of', 'days'],
  ['weekly', 'One of each of', 'weeks'],
  ['monthly', 'One of each of', 'months'],
  ['yearly', 'One of each of', 'years'],
  ['minimum', 'Never fewer than', 'good backups'],
];

export interface KeepingFieldsProps {
  value: Keeping;
  onChange: (value: Keeping) => void;
  errors: FieldErrors;
}

/** What is kept. The last good backup stays under any rules. */
export function KeepingFields({ value, onChange, errors }: KeepingFieldsProps): React.JSX.Element {
  return (
    <Stack>
      <RadioGroup
        label="Keep"
        name="keep"
        look="cards"
        hint="The last good backup always stays."
        value={value.preset}
        options={presets}
        error={value.preset === 'own' ? undefined : errors['retention']}
        onChange={(preset) => onChange({ preset, rules: preset === 'own' ? rulesOf(value) : value.rules })}
      />
      {value.preset === 'own' && (
        <FormRow>
          {rules.map(([name, label, unit]) => (
            <NumberField
              key={name}
              label={`${label} … ${unit}`}
              name={name}
              min={1}
              step={1}
              placeholder="no rule"
              value={value.rules[name]}
              onChange={(count) => onChange({ ...value, rules: { ...value.rules, [name]: count } })}
              error={errors[`retention.${name}`]}
            />
          ))}
        </FormRow>
      )}
    </Stack>
  );
}
