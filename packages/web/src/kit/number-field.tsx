import { Field, useTied, type FieldProps } from './field.tsx';
import { useFreshError } from './fresh-error.ts';

export interface NumberFieldProps extends FieldProps {
  /** Null while empty. */
  value: number | null;
  onChange: (value: number | null) => void;
  min?: number;
  max?: number;
  step?: number;
  /** Behind the number: `days`. */
  unit?: string;
  placeholder?: string;
}

export function NumberField({
  value,
  onChange,
  min,
  max,
  step,
  unit,
  placeholder,
  name,
  disabled,
  error: refused,
  ...rest
}: NumberFieldProps): React.JSX.Element {
  const [error, answered] = useFreshError(refused);
  const field = { ...rest, error };
  const tied = useTied(field);
  return (
    <Field tied={tied} {...field}>
      <span className="field__with-unit">
        <input
          {...tied}
          type="number"
          inputMode="decimal"
          className="input input--number"
          name={name}
          value={value ?? ''}
          min={min}
          max={max}
          step={step ?? 'any'}
          placeholder={placeholder}
          disabled={disabled}
          onChange={({ target }) => {
            answered();
            onChange(target.value === '' ? null : target.valueAsNumber);
          }}
        />
        {unit}
      </span>
    </Field>
  );
}
