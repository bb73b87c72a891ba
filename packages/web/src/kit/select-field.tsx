import { Field, useTied, type FieldProps } from './field.tsx';

interface Option<Value extends string = string> {
  value: Value;
  label: string;
  disabled?: boolean;
}

export interface SelectFieldProps<Value extends string> extends FieldProps {
  value: Value;
  onChange: (value: Value) => void;
  options: readonly Option<Value>[];
}

export function SelectField<Value extends string>({
  value,
  onChange,
  options,
  name,
  disabled,
  ...field
}: SelectFieldProps<Value>): React.JSX.Element {
  const tied = useTied(field);
  return (
    <Field tied={tied} {...field}>
      <select
        {...tied}
        className="input"
        name={name}
        value={value}
        disabled={disabled}
        onChange={({ target }) => {
          const chosen = options.find((option) => option.value === target.value);
          if (chosen) onChange(chosen.value);
        }}
      >
        {options.map((option) => (
          <option key={option.value} value={option.value} disabled={option.disabled}>
            {option.label}
          </option>
        ))}
      </select>
    </Field>
  );
}
