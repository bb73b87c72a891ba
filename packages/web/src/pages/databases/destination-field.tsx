import { useDestinations } from '../../data/destinations.ts';
import { SelectField } from '../../kit/index.ts';

export interface DestinationFieldProps {
  label: string;
  value: number | null;
  /** What it means that none is chosen; absent: one has to be. */
  none?: string;
  error?: readonly string[] | undefined;
  disabled?: boolean;
  onChange: (id: number | null) => void;
}

/** One of the account's destinations. */
export function DestinationField({ value, none, onChange, ...field }: DestinationFieldProps): React.JSX.Element {
  const { data: destinations = [] } = useDestinations();
  const known = destinations.map(({ id, label }) => ({ value: String(id), label }));
  const unknown =
    value === null || known.some((option) => option.value === String(value))
      ? []
      : [{ value: String(value), label: `Destination ${value}` }];
  return (
    <SelectField
      {...field}
      value={value === null ? '' : String(value)}
      onChange={(id) => onChange(id === '' ? null : Number(id))}
      options={[...(none === undefined ? [] : [{ value: '', label: none }]), ...unknown, ...known]}
    />
  );
}
