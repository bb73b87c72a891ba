import { useId, type ReactNode } from 'react';
import { FieldNotes, useTied, type FieldProps } from './field.tsx';

interface RadioOption<Value extends string> {
  value: Value;
  label: string;
  hint?: ReactNode;
  disabled?: boolean;
}

export interface RadioGroupProps<Value extends string> extends Omit<FieldProps, 'optional'> {
  /** Null while nothing is chosen. */
  value: Value | null;
  onChange: (value: Value) => void;
  options: readonly RadioOption<Value>[];
  /** `cards` beside each other for choices that need a sentence each. */
  look?: 'list' | 'cards';
}

export function RadioGroup<Value extends string>({
  label,
  hint,
  error,
  name,
  value,
  onChange,
  options,
  look = 'list',
  disabled = false,
}: RadioGroupProps<Value>): React.JSX.Element {
  const own = useId();
  const tied = useTied({ hint, error });
  return (
    <fieldset className="radios" data-look={look} aria-describedby={tied['aria-describedby']} disabled={disabled}>
      <legend className="radios__legend">{label}</legend>
      <FieldNotes id={tied.id} hint={hint} error={error} />
      <div className="radios__list">
        {options.map((option) => (
          <label className="choice" key={option.value}>
            <input
              type="radio"
              name={name ?? own}
              value={option.value}
              checked={option.value === value}
              disabled={option.disabled}
              onChange={() => onChange(option.value)}
            />
            <span>{option.label}</span>
            {option.hint !== undefined && <span className="field__hint">{option.hint}</span>}
          </label>
        ))}
      </div>
    </fieldset>
  );
}
