import { Stack, SelectField } from '../../../kit/index.ts';
import type { Destination } from '../../../data/destinations.ts';
import { DestinationFields } from '../../destinations/destination-fields.tsx';
import { NotOffSite } from '../../destinations/not-off-site.tsx';
import { EncryptionNotice } from '../../encryption/encryption-notice.tsx';
import type { FieldErrors } from '../../plan/field-errors.ts';
import { chosenOf, type Going } from './going.ts';

export interface DestinationChoiceProps {
  value: Going;
  onChange: (value: Going) => void;
  destinations: readonly Destination[];
  errors: FieldErrors;
  /** A remote server makes the backups. */
  byAgent: boolean;
}

export function DestinationChoice({ value, onChange, destinations, errors, byAgent }: DestinationChoiceProps) {
  const chosen = chosenOf(value, destinations);
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
          value={chosen}
          options={options}
          onChange={(id) => onChange({ ...value, chosen: id })}
          error={errors['destination_id']}
        />
      )}
      <NotOffSite destinations={destinations} chosen={chosen} />
      {chosen === '' && (
        <DestinationFields value={value.form} onChange={(form) => onChange({ chosen, form })} errors={errors} isNew />
      )}
      <EncryptionNotice byAgent={byAgent} />
    </Stack>
  );
}
