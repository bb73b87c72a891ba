import { Stack, SelectField } from '../../../kit/index.ts';
import type { Destination } from '../../../data/destinations.ts';
import { DestinationFields } from '../../destinations/destination-fields.tsx';
import type { DestinationForm } from '../../destinations/form.ts';
import type { FieldErrors } from '../../plan/field-errors.ts';

/** Where the backups go, as a form holds it: one that is there, or one to be made. */
export interface Going {
  /** '': a new one. */
  chosen: string;
  form: DestinationForm;
}

/** The one that is meant at first: off-site where there is such, else the oldest; '' where there is none. */
export const usualDestination = (destinations: readonly Destination[]): string => {
  const usual = destinations.findLast(({ type }) => type !== 'local') ?? destinations.at(-1);
  return usual ? String(usual.id) : '';
};

export interface DestinationChoiceProps {
  value: Going;
  onChange: (value: Going) => void;
  destinations: readonly Destination[];
  errors: FieldErrors;
}

export function DestinationChoice({ value, onChange, destinations, errors }: DestinationChoiceProps) {
  const options = [
    ...destinations.map(({ id, label, type_human: kind }) => ({ value: String(id), label: `${label} (${kind})` })),
    { value: '', label: 'A new destination …' },
  ];
  return (
    <Stack>
      {destinations.length > 0 && (
        <SelectField
          label="Destination"
          name="destination_id"
          value={value.chosen}
          options={options}
          onChange={(chosen) => onChange({ ...value, chosen })}
          error={errors['destination_id']}
        />
      )}
      {value.chosen === '' && (
        <DestinationFields value={value.form} onChange={(form) => onChange({ ...value, form })} errors={errors} isNew />
      )}
    </Stack>
  );
}
